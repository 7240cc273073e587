"""What the scripts in golden/make wrote."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden" / "data"


def golden(name: str) -> Any:
    """Return the content of a JSON file."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
