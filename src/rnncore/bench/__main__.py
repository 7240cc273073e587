"""`python -m rnncore.bench` is `rnncore bench`."""

import sys

from rnncore.bench.command import main

if __name__ == "__main__":
    sys.exit(main())
