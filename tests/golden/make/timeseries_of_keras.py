"""Write data/timeseries_of_keras.json: batches of Keras' timeseries_dataset_from_array.

    python tests/golden/make/timeseries_of_keras.py

in an environment with Keras 3 and TensorFlow.
"""

import json
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "timeseries_of_keras.json"


CASES = [
    {"sequence_length": 3},
    {"sequence_length": 3, "sequence_stride": 2, "batch_size": 2},
    {"sequence_length": 2, "sampling_rate": 3, "batch_size": 3},
    {"sequence_length": 3, "start_index": 2, "end_index": 9, "batch_size": 2},
    {
        "sequence_length": 4,
        "sampling_rate": 2,
        "sequence_stride": 3,
        "start_index": 1,
        "batch_size": 1,
    },
]


def main() -> None:
    import keras

    found = []
    for case in CASES:
        # Fewer targets than rows: Keras fails where it is to begin later, too.
        for count in (0, 12) if "start_index" in case else (0, 12, 6):
            targets = np.arange(count) * 10 if count else None
            dataset = keras.utils.timeseries_dataset_from_array(np.arange(12), targets, **case)
            batches = [
                [np.asarray(part).tolist() for part in (batch if count else [batch])]
                for batch in dataset
            ]
            found.append({"arguments": case, "targets": count, "batches": batches})
    result = {"keras": keras.__version__, "cases": found}
    DATA.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
