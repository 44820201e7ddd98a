"""Keeps the catalogues of the JupyterLab half: template, translations, and what JupyterLab reads.

``python tools/messages.py`` takes all strings out of ``src/`` into
``jupyter_datum/locale/jupyter_datum.pot``, brings each ``jupyter_datum.po`` up to date with it
and writes the ``.json`` beside it. With ``--check`` nothing is written: it says what is out of
date, not translated, or has other placeholders than the original.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parent.parent
LOCALE: Final = ROOT / "jupyter_datum" / "locale"
DOMAIN: Final = "jupyter_datum"

_CALL: Final = re.compile(r"\btrans\s*\??\.(_n|__)\(")
_TEXT: Final = r"\s*('(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
_ONE: Final = re.compile(rf"{_TEXT}\s*[,)]")
_TWO: Final = re.compile(rf"{_TEXT}\s*,{_TEXT}\s*,")
#: Of a file's head: who and when stands in the history, and which Babel is no news.
_HEAD: Final = re.compile(
    rb'"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date'
    rb'|Last-Translator|Language-Team|Generated-By): [^"]*"\n'
)
_PLACE: Final = re.compile(r"%\d")


def strings(text: str) -> Iterator[tuple[int, str | tuple[str, str]]]:
    """Yield the line of each call of the translator, and what it translates.

    Raises
    ------
    ValueError
        If a call does not begin with its text, so that nobody could translate it.
    """
    for call in _CALL.finditer(text):
        line = text.count("\n", 0, call.start()) + 1
        found = (_TWO if call[1] == "_n" else _ONE).match(text, call.end())
        if found is None:
            raise ValueError(f"line {line}: the translator is not given a text")
        one, *more = (_unquoted(quoted) for quoted in found.groups())
        yield line, ((one, more[0]) if more else one)


def _unquoted(quoted: str) -> str:
    inner = quoted[1:-1]
    return re.sub(
        r"\\u([0-9a-fA-F]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], inner
    )


def template() -> Catalog:
    """Return all strings of the front end."""
    catalog = Catalog(header_comment="# Strings of the JupyterLab half of jupyter-datum.")
    for path in sorted((ROOT / "src").rglob("*.ts*")):
        if "__tests__" in path.parts:
            continue
        try:
            for _, text in strings(path.read_text(encoding="utf-8")):
                catalog.add(text)
        except ValueError as exc:
            raise ValueError(f"{path.relative_to(ROOT)}, {exc}") from None
    return catalog


def catalogue(po: Path) -> Catalog:
    """Return a translation."""
    with po.open("rb") as file:
        return read_po(file, locale=po.parts[-3], domain=DOMAIN)


def updated(po: Path, source: Catalog) -> Catalog:
    """Return a translation with exactly the strings of the template."""
    found = catalogue(po)
    found.update(source, no_fuzzy_matching=True, keep_user_comments=False)
    found.obsolete.clear()
    found.header_comment = source.header_comment
    return found


def mistakes(found: Catalog) -> Iterator[str]:
    """Yield what is wrong with a translation."""
    for message in found:
        if not message.id:
            continue
        one, texts = _texts(message)
        if not all(texts):
            yield f"{found.locale}: not translated: {one!r}"
        elif (wanted := _places(message)) != [set(_PLACE.findall(text)) for text in texts]:
            yield f"{found.locale}: other placeholders than {wanted}: {texts!r}"


def _texts(message: Message) -> tuple[str, list[str]]:
    if isinstance(message.id, tuple | list):
        return message.id[0], [text or "" for text in message.string or ("", "")]
    return str(message.id), [str(message.string or "")]


def _places(message: Message) -> list[set[str]]:
    ids = message.id if isinstance(message.id, tuple | list) else [message.id]
    return [set(_PLACE.findall(text)) for text in ids]


def as_json(found: Catalog) -> dict[str, Any]:
    """Return a translation as JupyterLab reads it."""
    forms = f"nplurals={found.num_plurals}; plural={found.plural_expr};"
    head = {"domain": DOMAIN, "language": str(found.locale), "plural_forms": forms}
    body = dict(_texts(message) for message in found if message.id)
    return {"": head, **{name: body[name] for name in sorted(body) if all(body[name])}}


def files() -> Iterator[tuple[Path, bytes]]:
    """Yield each file of the catalogues, as it ought to be."""
    source = template()
    yield LOCALE / f"{DOMAIN}.pot", _written(source)
    for po in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        found = updated(po, source)
        yield po, _written(found)
        text = json.dumps(as_json(found), ensure_ascii=False, indent=1) + "\n"
        yield po.with_suffix(".json"), text.encode()


def _written(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    catalog.fuzzy = False
    write_po(out, catalog, width=0, no_location=True, sort_output=True)
    return _HEAD.sub(b"", out.getvalue())


def check() -> list[str]:
    """Return what is wrong with the catalogues."""
    said = [
        f"{path.relative_to(ROOT)} is out of date: run python tools/messages.py"
        for path, data in files()
        if not path.exists() or path.read_bytes() != data
    ]
    for po in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        said += mistakes(catalogue(po))
    return said


def main(args: list[str]) -> int:
    """Write the catalogues, or check them."""
    if args == ["--check"]:
        said = check()
        print("\n".join(said))
        return 1 if said else 0
    for path, data in files():
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
