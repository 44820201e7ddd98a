"""A notebook with its kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..story import Story
from .kernel import Notebook


@pytest.fixture
def notebook(story: Story) -> Iterator[Notebook]:
    notebook = Notebook(story)
    yield notebook
    notebook.close()
