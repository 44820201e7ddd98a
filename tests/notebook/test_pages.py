"""The cells that README and docs show, run as they stand, in one notebook."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from ..test_docs import ROOT, blocks, cells
from .kernel import Notebook

#: In an order in which each page finds what it takes as made.
PAGES = ("README.md", "docs/failing.md", "docs/inputs.md", "docs/shell.md",
         "docs/pipelines.md", "docs/training.md", "docs/results.md")  # fmt: skip
#: What stands in a block that is not run here, and why.
NOT_RUN = {
    "datum.metrics[": "a line of a cell, by itself",
    "torch": "PyTorch is no dependency of the tests",
    "DataLoader(": "PyTorch is no dependency of the tests",
    '"{datum.path}" -resize': "ImageMagick may be missing",
}
#: Lines that name what only a reader's ledger has.
NOT_THERE = ('compare("3fa94c1b"', 'compare("thumbs", "other")')


def place_files(folder: Path) -> None:
    for rel in ("photos/0416.jpg", "photos/0417.jpg", "0001.jpg"):
        (folder / "images" / rel).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (300, 200), (76, 76, 76)).save(folder / "images" / rel)
    (folder / "labels").mkdir()
    (folder / "labels" / "0001.json").write_text("{}")
    (folder / "logs" / "web").mkdir(parents=True)
    (folder / "logs" / "web" / "a.log").write_text("b\na\n")


def shown() -> list[str]:
    """The cells of all pages."""
    found = []
    for page in PAGES:
        for block in blocks(ROOT / page):
            runs = block.kind == "python" or block.text.startswith("%%datum")
            if not runs or any(part in block.text for part in NOT_RUN):
                continue
            lines = [x for x in block.text.splitlines() if not x.startswith(NOT_THERE)]
            found += cells("\n".join(lines))
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_cells_of_the_docs_run(notebook: Notebook) -> None:
    place_files(notebook.story.folder)
    ran = shown()
    assert len(ran) > 12
    for cell in ran:
        message = notebook.send(cell)
        said = notebook.output(message, within=200)
        assert notebook.reply(message) == "ok", f"{cell}\n{said}"
        assert not re.search(r"\d failed|stopped", said), f"{cell}\n{said}"
    assert notebook.run("len(thumbs.results()), report.results()") == "(3, [76.0])"
    assert (notebook.story.folder / "packed" / "web-a.gz").stat().st_size
    assert shutil.which("bash")
