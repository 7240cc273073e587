"""The rnncore half of the quality table: ``python run_rnncore.py``."""

from __future__ import annotations

import numpy as np
from measure import measure

import rnncore

if __name__ == "__main__":
    rnncore.set_num_threads(1)
    info = rnncore.info()
    measure(
        rnncore,
        rnncore.utils.set_random_seed,
        {
            "versions": {"rnncore": rnncore.__version__, "numpy": np.__version__},
            "isa": info["isa"],
            "blas": info["blas"],
            "threads": 1,
        },
    )
