"""The Keras half of the quality table, on TensorFlow: ``python run_keras.py``."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from measure import measure

if __name__ == "__main__":
    # More threads make networks of this size no faster.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    measure(
        keras,
        keras.utils.set_random_seed,
        {
            "versions": {
                "keras": keras.__version__,
                "tensorflow": tf.__version__,
                "numpy": np.__version__,
            },
            "threads": 1,
        },
    )
