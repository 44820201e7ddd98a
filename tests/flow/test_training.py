"""The loops of docs/training.md, as they stand there, fed by a run that goes on."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jupyter_datum

from ..story import Story

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
N = 24
BODY = """
import os, time
import numpy as np
while datum.value >= 8 and not os.path.exists({gate!r}):
    time.sleep(0.01)
np.save(datum.out_file(".npy"), np.full((4, 4), datum.value, dtype=np.float32))
{{"label": datum.value % 2}}
"""


def block(word: str) -> str:
    """The page's block of code that has `word` in it."""
    (found,) = [text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
                if word in text]  # fmt: skip
    return str(found)


@pytest.fixture
def feeding(story: Story) -> Story:
    """A run that has made some datums and waits for the gate with the others."""
    story.namespace["numbers"] = list(range(N))
    story.start("thumbs -i numbers --workers 2 --no-probe", BODY.format(gate=gate(story)))
    return story


def gate(story: Story) -> str:
    return str(story.folder / "gate")


def test_batches_of_arrays(feeding: Story) -> None:
    names: dict[str, Any] = {"np": np}
    exec(block("def batches"), names)
    batches = names["batches"](jupyter_datum.stream("thumbs", project=str(feeding.folder)), 4)
    first = next(batches)
    assert first.shape == (4, 4, 4), "a batch before the run has ended"
    Path(gate(feeding)).touch()
    rest = list(batches)
    sums = np.sort(np.concatenate([first, *rest])[:, 0, 0])
    assert sums.tolist() == list(range(N))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch here")
@pytest.mark.parametrize("processes", [0, 2])
def test_a_torch_data_set(feeding: Story, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.chdir(feeding.folder)
    names: dict[str, Any] = {"__name__": "page"}
    exec(block("class Datums"), names)
    for _ in range(2):  # epochs
        Path(gate(feeding)).touch()
        data = names["Datums"]("thumbs", names["load"])
        loader = torch.utils.data.DataLoader(data, batch_size=5, num_workers=processes)
        images, labels = zip(*loader, strict=True)
        values = torch.cat(images)[:, 0, 0]
        assert sorted(values.tolist()) == list(range(N))
        assert (values % 2 == torch.cat(labels)).all()
