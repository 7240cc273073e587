"""Run the programs with Keras itself and keep what they find: keras_results.json.

    python tests/keras_programs/run_with_keras.py [name...]

in an environment with Keras 3 (the numbers there are of 3.15.1, TensorFlow backend).
"""

import json
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    import keras

    path = HERE / "keras_results.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    found["keras"] = keras.__version__
    results = found.setdefault("results", {})
    for program in sorted((HERE / "programs").glob("*.py")):
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
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
