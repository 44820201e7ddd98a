"""``python -m jupyter_datum.state`` prints the page ``docs/states.md``."""

from __future__ import annotations

from .transitions import render

print(render(), end="")
