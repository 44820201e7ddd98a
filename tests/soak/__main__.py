"""``python -m tests.soak``: soak for some minutes, one seed after the other."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path


def main() -> int:
    """Return 1 if any seed has shown a problem."""
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--engine", default="joblib")
    parser.add_argument("--harm", action="append", help="only this; again for another")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--rate", type=float, default=1.0, help="harms in a second")
    parser.add_argument("--keep", action="store_true", help="leave the folders of bad seeds")
    asked = parser.parse_args()
    end, seed, bad = time.monotonic() + 60 * asked.minutes, asked.seed, 0
    while True:
        bad += not one(seed, asked)
        seed += 1
        if time.monotonic() > end:
            break
    print(f"{seed - asked.seed} seeds, {bad} of them bad")
    return 1 if bad else 0


def one(seed: int, asked: argparse.Namespace) -> bool:
    """Play one seed; tell of it; return whether all went well."""
    from .check import problems
    from .drive import Soak

    folder = Path(tempfile.mkdtemp(prefix=f"soak-{seed}-"))
    os.environ["JUPYTER_DATA_DIR"] = str(folder / "jupyter")
    began = time.monotonic()
    soak = Soak(folder, seed, asked.engine, harms=asked.harm, rounds=asked.rounds, rate=asked.rate)
    try:
        soak.play()
        found = problems(soak)
    except Exception:
        found = [traceback.format_exc()]
    executed = len(soak.log.read_bytes().splitlines()) if soak.log.exists() else 0
    print(f"seed {seed}: {time.monotonic() - began:.0f} s, {executed} lines of executions, "
          f"{len(found)} problems", flush=True)  # fmt: skip
    if found:
        print("\n".join(soak.harm.told))
        log = soak.story.project.log
        print(log.read_text(errors="replace")[-6000:] if log.exists() else "")
        print("\n".join(found), flush=True)
    if not (found and asked.keep):
        soak.close()
    return not found


if __name__ == "__main__":
    sys.exit(main())
