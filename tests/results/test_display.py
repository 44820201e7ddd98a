"""What a datum displays: bundles with a text, within bounds, whatever objects do."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import pandas as pd
import pytest

from jupyter_datum.results import display as displays
from jupyter_datum.results.display import LIMIT, OUTPUTS, SHOWN, adopt, bundle, display, outputs_of


@pytest.fixture(autouse=True)
def _nothing_shown() -> Iterator[None]:
    SHOWN.clear()
    yield
    SHOWN.clear()


class Rich:
    def _repr_html_(self) -> str:
        return "<b>x</b>"

    def _repr_png_(self) -> bytes:
        return b"\x89PNG"

    def __repr__(self) -> str:
        return "rich"


class Broken:
    def _repr_html_(self) -> str:
        raise ValueError("no looks")

    def __repr__(self) -> str:
        raise KeyError("nor text")


def shown(answer: Any = None, kind: str | None = None) -> list[dict[str, Any]]:
    return list(json.loads(outputs_of(answer, kind)))


def test_rich_objects_say_how_they_look() -> None:
    (output,) = shown(Rich(), "pickle")
    png = base64.b64encode(b"\x89PNG").decode()
    assert output["output_type"] == "execute_result"
    assert output["data"] == {"text/html": "<b>x</b>", "image/png": png, "text/plain": "rich"}
    assert "<table" in bundle(pd.DataFrame({"a": [1]}))["text/html"]


def test_nothing_about_looks_raises() -> None:
    assert bundle(Broken()) == {"text/plain": "<Broken: its repr raises KeyError>"}
    assert set(bundle(MagicMock())) == {"text/plain"}
    assert set(bundle(Rich)) == {"text/plain"}


def test_display_in_the_cell_comes_before_the_result() -> None:
    display(Rich(), "text")
    display({"text/html": "<i>"}, raw=True)
    assert [o["data"].get("text/plain") for o in shown({1}, "pickle")] == [
        "rich",
        "'text'",
        None,
        "{1}",
    ]
    display(1, clear=True)
    assert [o["data"]["text/plain"] for o in shown(5, "json")] == ["1"]


def test_texts_outputs_and_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(bundle([10**6] * 10**6)["text/plain"]) < 5_000
    assert (
        len(bundle(type("T", (), {"__repr__": lambda self: "x" * 10**6})())["text/plain"]) < 70_000
    )
    for number in range(OUTPUTS + 50):
        display(number)
    assert len(shown()) == OUTPUTS + 1
    SHOWN.clear()
    display({"text/plain": "big", "text/html": "y" * (LIMIT + 1)}, raw=True)
    display(Rich())
    first, second = shown()
    assert list(first["data"]) == ["text/plain"] and "no room for its text/html" in str(first)
    assert "text/html" in second["data"]
    monkeypatch.setattr(displays, "LIMIT", 0)
    assert "no room" in str(shown())


def test_what_is_no_json_is_left_out() -> None:
    display({"text/plain": "t", "application/json": {"a": {1}}, "x/y": float("nan")}, raw=True)
    assert shown()[0]["data"] == {"text/plain": "t"}


def test_names_that_mean_ipythons_display_mean_ours() -> None:
    from IPython.display import display as theirs

    namespace: dict[str, Any] = {"show": theirs, "x": 1}
    adopt(namespace, "", own=False)
    assert namespace == {"show": display, "x": 1, "display": display}
