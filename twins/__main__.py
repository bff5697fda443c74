"""``python -m twins`` is the command ``twins``."""

import sys

from twins.cli import main

if __name__ == "__main__":
    sys.exit(main())
