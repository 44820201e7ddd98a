"""A short soak in each test run; the long ones are started by hand (see ``__init__``)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .check import problems
from .drive import Soak

HARMS = ["kill a process", "kill a worker", "kill the runner", "stop a process", "move the clock"]


def test_whatever_dies_nothing_is_lost_and_nothing_runs_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_DATUM_SOAK_CLOCK", "JUPYTER_DATUM_IDLE_SECONDS", "PYTHONPATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back afterwards
    soak = Soak(tmp_path, seed=3, engine="joblib", harms=HARMS, rounds=2)
    try:
        soak.play()
        assert problems(soak) == [], "\n".join(soak.harm.told)
    finally:
        soak.close()
