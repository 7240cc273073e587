"""Run the programs with Keras itself and keep what they find: data/programs_of_keras.json.

    python tests/golden/make/programs_of_keras.py [name...]

in an environment with Keras 3 (the numbers there are of 3.15.1, TensorFlow backend).
"""

import json
import re
import sys
import time
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "programs_of_keras.json"


PROGRAMS = Path(__file__).parents[2] / "keras_programs" / "programs"


def main() -> None:
    import keras

    found = json.loads(DATA.read_text()) if DATA.exists() else {}
    found["keras"] = keras.__version__
    results = found.setdefault("results", {})
    for program in sorted(PROGRAMS.glob("*.py")):
        if sys.argv[1:] and program.stem not in sys.argv[1:]:
            continue
        source = program.read_text()
        source = re.sub(r"import rnncore as keras", "import keras", source)
        source = re.sub(r"from rnncore\b", "from keras", source)
        keras.backend.clear_session()
        space: dict = {"__name__": program.stem}
        start = time.perf_counter()
        exec(compile(source, str(program), "exec"), space)
        results[program.stem] = space["RESULT"]
        print(f"{program.stem}: {time.perf_counter() - start:.1f} s", flush=True)
        DATA.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
