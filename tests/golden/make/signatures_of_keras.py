"""Write data/signatures_of_keras.json: the arguments of Keras 3 that docs/keras.md speaks of.

    python tests/golden/make/signatures_of_keras.py

in an environment with Keras 3. What a layer hands on to the class below comes behind its own
arguments.
"""

import inspect
import json
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "signatures_of_keras.json"


LAYERS = [
    *("SimpleRNN", "LSTM", "GRU", "Bidirectional", "TimeDistributed", "RNN"),
    *("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells", "Embedding", "Dense"),
]
METHODS = ["compile", "fit", "evaluate", "predict"]


def arguments(function: object) -> dict[str, str | None]:
    """Names and defaults; None for an argument that has to be given."""
    found = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            default = parameter.default
            found[parameter.name] = None if default is parameter.empty else repr(default)
    return found


def main() -> None:
    import keras

    common = arguments(keras.layers.Layer.__init__)
    signatures = {}
    for name in LAYERS:
        signatures[name] = arguments(getattr(keras.layers, name).__init__)
        for argument, default in common.items():
            signatures[name].setdefault(argument, default)
    for name in METHODS:
        signatures[name] = arguments(getattr(keras.Model, name))
    result = {"keras": keras.__version__, "signatures": signatures}
    DATA.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
