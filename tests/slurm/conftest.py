"""A project on a machine with a batch system, and engines of the user's settings."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

STUB = Path(__file__).with_name("stub.py")
SETTINGS = """
[engines.slurm]
kind = "dask"
cluster = "dask_jobqueue:SLURMCluster"
start_timeout = "{timeout}"
[engines.slurm.options]
cores = 1
memory = "500MB"
processes = 1
interface = "lo"
death_timeout = "{death}"
job_script_prologue = {prologue}
scheduler_options = {{dashboard = false, dashboard_address = "127.0.0.1:0"}}

[engines.ipslurm]
kind = "ipyparallel"
launcher = "slurm"
start_timeout = "{timeout}"
[engines.ipslurm.options]
controller_ip = "127.0.0.1"
profile_dir = "{profile}"
"""


class Slurm:
    """What the stub commands have done."""

    def __init__(self, table: Path, settings: Path, bin: Path) -> None:
        self._table = table
        self._settings = settings
        self._bin = bin
        self.configure()

    def configure(
        self, timeout: str = "60s", prologue: list[str] | None = None, death: str = "4s"
    ) -> None:
        """Write the user's settings."""
        fields = {"timeout": timeout, "death": death, "prologue": json.dumps(prologue or [])}
        text = SETTINGS.format(profile=self._table / "profile", **fields)
        path = self._settings / "jupyter_datum.toml"
        path.write_text(text)
        path.chmod(0o600)

    def without(self, command: str) -> None:
        """This machine lacks a command."""
        (self._bin / command).unlink()

    def calls(self, command: str) -> list[list[str]]:
        """The calls of a command, without its name."""
        file = self._table / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [args for name, *args in map(json.loads, lines) if name == command]

    def groups(self) -> list[int]:
        """The process groups of all jobs that were submitted."""
        return [int(text) for job in self._table.glob("*.job") if (text := job.read_text())]

    def running(self) -> list[int]:
        """Those of which something lives."""
        return [group for group in self.groups() if lives(group)]


def lives(group: int) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, its = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except (OSError, ValueError):
                continue
            if int(its) == group and state != "Z":
                return True
    return False


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    table, settings, folder = (tmp_path_factory.mktemp(name) for name in ("jobs", "conf", "bin"))
    for command in ("sbatch", "srun", "scancel"):
        script = folder / command
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STUB}" "{table}" {command} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(settings))
    return Slurm(table, settings, folder)
