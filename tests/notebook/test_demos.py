"""The demo notebooks, run as users do: by the command line, and in a kernel from top to end."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

from jupyter_datum.cli import main
from jupyter_datum.outcomes import compare

from ..story import Story

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WHITE = (255, 255, 255)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def placed(story: Story, name: str) -> Path:
    return Path(shutil.copy(NOTEBOOKS / name, story.folder))


def executed(path: Path) -> list[Any]:
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    return list(notebook.cells)


def pictures(cells: list[Any]) -> list[Image.Image]:
    data = [o["data"] for cell in cells for o in cell.get("outputs", []) if "data" in o]
    found = [one["image/png"] for one in data if "image/png" in one]
    return [Image.open(io.BytesIO(base64.b64decode(png))) for png in found]


def printed(cells: list[Any], begins: str) -> str:
    (cell,) = [cell for cell in cells if cell.source.startswith(begins)]
    return "".join(o.get("text", "") or str(o.get("data", "")) for o in cell.outputs)


def white_tiles(picture: Image.Image) -> int:
    """Places of the mosaic at which no tile lies: all their corners and their middle are white."""
    width, height = picture.size[0] // 2, picture.size[1]
    count = 0
    for left in (0, width):
        for row in range(16):
            for col in range(32):
                x, y = left + col * width // 32, row * height // 16
                spots = [(x + dx, y + dy) for dx in (0, 9, 18) for dy in (0, 12, 24)]
                count += all(picture.getpixel(spot) == WHITE for spot in spots)
    return count


def test_mosaic_by_the_command_line(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(placed(story, "mosaic.ipynb")), "--json"]) == 0
    (run,) = json.loads(capfd.readouterr().out)
    # The last of two runs: it healed what the first one had failed, and nothing else.
    assert (run["total"], run["success"], run["skipped"], run["failed"]) == (1024, 62, 962, 0)
    assert len(list((story.folder / "tiles").glob("*.png"))) == 1024
    tiles = story.transform("tiles").results()
    assert len(tiles) == 1024 and {tile.mode for tile in tiles} == {"RGB"}
    story.kill_runner()
    assert story.findings() == []


def test_mosaic_in_a_kernel(story: Story) -> None:
    cells = executed(placed(story, "mosaic.ipynb"))
    streams = [o.get("name") for cell in cells for o in cell.get("outputs", [])]
    assert "stderr" not in streams, "nothing stands on red"
    before, after = pictures(cells)
    assert (white_tiles(before), white_tiles(after)) == (62, 0)
    assert "62 x ValueError: math domain error" in printed(cells, "%datum failures")
    assert "0 would run" in printed(cells, "%datum plan")
    assert "from photos/flower.jpg" in printed(cells, "%datum lineage")
    # Healed as if it had never been broken: the tiles of the fixed cell alone are the same.
    shutil.move(story.folder / "tiles", story.folder / "first")
    healed = {p.name: p.read_bytes() for p in (story.folder / "first").iterdir() if p.is_file()}
    fixed = next(c.source for c in cells if "--only failed" in c.source.partition("\n")[0])
    again = nbformat.v4.new_notebook(
        cells=[
            *[c for c in cells[:7] if c.cell_type == "code" and "%%datum" not in c.source],
            nbformat.v4.new_code_cell(fixed.replace("--only failed", "--force")),
        ]
    )
    nbformat.write(again, story.folder / "again.ipynb")
    executed(story.folder / "again.ipynb")
    whole = {p.name: p.read_bytes() for p in (story.folder / "tiles").iterdir() if p.is_file()}
    assert whole == healed and len(whole) == 1024


def test_sweep_in_a_kernel_and_by_the_command_line(
    story: Story, capfd: pytest.CaptureFixture[str]
) -> None:
    path = placed(story, "sweep.ipynb")
    cells = executed(path)
    runs = [c for c in cells if c.source.startswith("%%datum")]
    texts = ["".join(str(o.get("data", "")) for o in c.outputs) for c in runs]
    assert "12 succeeded" in texts[0]
    assert "3 succeeded" in texts[1] and "12 skipped (unchanged)" in texts[1]
    assert "15 succeeded" in texts[2]
    assert "accuracy: mean" in printed(cells, "%datum compare")
    found = compare(story.project, "sweep@1", "sweep@2").frame()
    assert len(found) == 15 and 0.98 < found["accuracy_a"].max() < 1
    table = story.transform("sweep").results(frame=True)
    assert list(table.columns) == ["C", "gamma", "vectors", "accuracy"]
    capfd.readouterr()
    # By the command line the cells run as they stand: the versions take turns again.
    assert main(["run", str(path), "--json"]) == 0
    (run,) = json.loads(capfd.readouterr().out)
    assert (run["total"], run["success"]) == (15, 15)
