"""Starting processes of our own from a kernel that is under the debugger."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def undebugged() -> Iterator[None]:
    """Let what this thread starts in here be: a debugger (debugpy) rewrites the command of each
    Python, which then waits until somebody attaches to it too, and in Jupyter nobody does."""
    monkey = sys.modules.get("_pydev_bundle.pydev_monkey")
    with getattr(monkey, "skip_subprocess_arg_patch", contextlib.nullcontext)():
        yield
