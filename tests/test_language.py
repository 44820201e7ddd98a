"""The catalogues of the JupyterLab half are whole, and JupyterLab's own server finds them."""

from __future__ import annotations

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tools import messages

GERMAN = messages.LOCALE / "de_DE" / "LC_MESSAGES" / "jupyter_datum.po"


def test_no_string_is_missing_and_placeholders_agree() -> None:
    assert messages.check() == []


def test_each_call_of_the_translator_is_seen() -> None:
    text = """
    trans.__('a, %1', x); trans._n('1 b', '%1 b', n);
    trans?.__("it's"); trans.__('out ' + trans.__(\n'in'));
    """
    with pytest.raises(ValueError, match="line 3: the translator is not given a text"):
        list(messages.strings(text))
    good = text.replace("'out ' + ", "'out', ")
    assert [what for _, what in messages.strings(good)] == [
        "a, %1", ("1 b", "%1 b"), "it's", "out", "in",
    ]  # fmt: skip


def test_what_is_counted_has_a_singular() -> None:
    """``1 datums`` is told by no one; of a tile there are never fewer than two."""
    counted = re.compile(
        r"%\d (?:further |new |more )?(?:attempts|cells|datums|files|frames|groups|inputs|outputs"
        r"|results|rows|runs|transforms|tries|versions|workers)\b"
    )
    several = {
        "1 tile = %1 datums", "1 tile = %1 datums, worst state wins", "%1 datums: %2", "%1 tries",
    }  # fmt: skip
    ids = [message.id for message in messages.template() if isinstance(message.id, str)]
    assert {text for text in ids if counted.search(text)} <= several


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "not translated"), ("%2 Daten", "other placeholders"), ("Daten", "other placeholders")],
)
def test_what_is_wrong_with_a_translation_is_said(text: str, said: str) -> None:
    catalog = messages.catalogue(GERMAN)
    catalog.add("%1 datums", text)
    assert [said in mistake for mistake in messages.mistakes(catalog)] == [True]


def test_jupyterlab_finds_the_translation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As JupyterLab's server reads it for a page; a language pack for the rest has to be there."""
    utils: Any = pytest.importorskip("jupyterlab_server.translation_utils")
    ours = EntryPoint("jupyter_datum", "jupyter_datum", utils.JUPYTERLAB_LOCALE_ENTRY)
    monkeypatch.setattr(utils, "entry_points", lambda group: [ours] if group == ours.group else [])
    found, said = utils.get_installed_packages_locale("de_DE")
    assert said == ""
    assert found["jupyter_datum"]["Retry Failed Datums"] == [
        "Fehlgeschlagene Daten erneut versuchen"
    ]
    assert found["jupyter_datum"] == json.loads(GERMAN.with_suffix(".json").read_text())


def test_the_entry_point_is_declared() -> None:
    text = (messages.ROOT / "pyproject.toml").read_text()
    assert '[project.entry-points."jupyterlab.locale"]\njupyter_datum = "jupyter_datum"' in text
