"""docs/write-an-engine.md: its code, installed as a package, passes the contract test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "write-an-engine.md"


def install(folder: Path) -> None:
    """Lay the page's code down as pip would lay a package down."""
    page = PAGE.read_text()
    (entry,) = re.findall(r"^(futures = \S+)$", page, re.M)
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    assert len(blocks) == 2
    (folder / "datum_futures.py").write_text("\n".join(blocks))
    about = folder / "datum_futures-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: datum-futures\nVersion: 1.0\n")
    place = entry.replace('"', "")
    (about / "entry_points.txt").write_text(f"[jupyter_datum.engines]\n{place}\n")


@pytest.mark.timeout(600)  # some twenty tests in it, on a machine that may be busy
def test_the_engine_of_the_page_is_held_to_the_contract(tmp_path: Path) -> None:
    install(tmp_path)
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0",
         "tests/engines/test_contract.py", "-k", "futures"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 15
    assert "skipped" not in done.stdout
