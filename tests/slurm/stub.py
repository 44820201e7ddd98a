"""A batch system on this machine: ``sbatch``, ``srun`` and ``scancel`` as Slurm has them.

Jobs are children in sessions of their own; who submitted them may die. The table is a folder:
``calls`` has a line for each command, ``<id>.job`` the process group of a job.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(table: Path, command: str, args: list[str]) -> int:
    with (table / "calls").open("a") as file:
        file.write(json.dumps([command, *args]) + "\n")
    if command == "sbatch":
        return sbatch(table, Path(args[-1]))
    if command == "srun":
        return srun(args)
    return scancel(table, args)


def sbatch(table: Path, script: Path) -> int:
    text = script.read_text()
    job = str(len(list(table.glob("*.job"))) + 1001)
    (table / f"{job}.job").touch()
    # What the submitter marks its own processes with would not reach another host's.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER_DATUM")}
    tasks = option(text, r"(?:--ntasks=|-n )(\d+)") or "1"
    environment |= {"SLURM_JOB_ID": job, "SLURM_NTASKS": tasks}
    out = option(text, r"(?:--output=|-o )(\S+)") or f"slurm-{job}.out"
    err = option(text, r"(?:--error=|-e )(\S+)") or out
    with opened(out, job) as stdout, opened(err, job) as stderr:
        copy = table / f"{job}.sh"
        copy.write_text(text)
        child = subprocess.Popen(
            ["sh", str(copy)], env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
            stderr=stderr, start_new_session=True,
        )  # fmt: skip
    (table / f"{job}.job").write_text(str(child.pid))
    print(f"Submitted batch job {job}")
    return 0


def option(text: str, pattern: str) -> str | None:
    found = re.search(rf"^#SBATCH {pattern}", text, re.MULTILINE)
    return found[1] if found else None


def opened(path: str, job: str) -> contextlib.AbstractContextManager[object]:
    return open(re.sub("%[jJ]", job, path), "ab")


def srun(args: list[str]) -> int:
    tasks = [subprocess.Popen(args) for _ in range(int(os.environ["SLURM_NTASKS"]))]
    return max(task.wait() for task in tasks)


def scancel(table: Path, args: list[str]) -> int:
    number = signal.SIGTERM
    if args[0] == "-s":
        name = args[1]
        number = signal.Signals(int(name) if name.isdecimal() else signal.Signals[f"SIG{name}"])
        args = args[2:]
    for job in args:
        end(int((table / f"{job}.job").read_text()), number)
    return 0


def end(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
        for _ in range(100):
            os.killpg(group, 0)
            time.sleep(0.05)
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
