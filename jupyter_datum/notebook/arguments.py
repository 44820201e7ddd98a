"""Values of options, read so that a wrong one says what may stand there."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..words import duration


def seconds(text: str) -> float:
    """Read a duration."""
    try:
        return duration(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r}: {exc}") from None


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads whole numbers from `least` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r}: write a whole number, {least} or more")
        return int(text)

    return read
