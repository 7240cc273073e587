"""Write data/metrics_of_keras.json: results of Keras' metrics after two batches.

    python tests/golden/make/metrics_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1 and TensorFlow 2.21.0).
"""

import json
from pathlib import Path

import keras
import numpy as np

DATA = Path(__file__).parents[1] / "data" / "metrics_of_keras.json"


CASES = [
    ("Precision", {}, "bits"),
    ("Precision", {"thresholds": 0.25, "class_id": 1}, "bits"),
    ("Recall", {}, "bits"),
    ("Recall", {"thresholds": 0.75}, "bits"),
    *(
        ("AUC", {"curve": curve, "summation_method": method, "num_thresholds": count}, "bits")
        for curve in ("ROC", "PR")
        for method in ("interpolation", "minoring", "majoring")
        for count in (200, 9)
    ),
    *(
        (f"{said}{kind}", arguments, "bits")
        for said in ("True", "False")
        for kind in ("Positives", "Negatives")
        for arguments in ({}, {"thresholds": 0.25})
    ),
    *(
        ("F1Score", {"average": average, "threshold": threshold}, "bits")
        for average in ("micro", "macro", "weighted")
        for threshold in (None, 0.5)
    ),
    ("R2Score", {}, "real"),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, "real"),
    ("CosineSimilarity", {}, "real"),
    ("MeanAbsolutePercentageError", {}, "real"),
    ("MeanSquaredLogarithmicError", {}, "real"),
    ("LogCoshError", {}, "real"),
    ("Poisson", {}, "bits"),
    ("KLDivergence", {}, "bits"),
    ("Hinge", {}, "bits"),
    ("SquaredHinge", {}, "bits"),
    ("CategoricalHinge", {}, "bits"),
]


def run(name, arguments, kind, weighted):
    rng = np.random.default_rng(5)
    metric = getattr(keras.metrics, name)(**arguments)
    batches = []
    for size in (7, 30):
        pred = rng.uniform(0.05, 0.95, (size, 3)).round(3)
        true = rng.uniform(0.1, 1, pred.shape).round(3)
        if kind == "bits":
            true = (true + pred > 1.1).astype(float)
        weight = rng.uniform(0.5, 2, size).round(2) if weighted else None
        metric.update_state(true, pred, sample_weight=weight)
        weight = None if weight is None else weight.tolist()
        batches.append([true.tolist(), pred.tolist(), weight])
    result = float(metric.result())
    return {"name": name, "arguments": arguments, "batches": batches, "result": result}


numbers = [run(*case, weighted) for case in CASES for weighted in (False, True)]
lines = ",\n".join(json.dumps(n) for n in numbers)
DATA.write_text(f"[\n{lines}\n]\n")
