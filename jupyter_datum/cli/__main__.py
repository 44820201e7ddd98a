"""``python -m jupyter_datum.cli``: the command line of this interpreter's package."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())
