"""``python -m rnncore``: the same as the command ``rnncore``."""

import sys

from rnncore.cli import main

if __name__ == "__main__":
    sys.exit(main())
