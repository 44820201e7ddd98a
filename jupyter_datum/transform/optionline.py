"""The line of a ``%%datum`` cell, and the ``#|`` lines under it, read as options."""

from __future__ import annotations

import difflib
import keyword
import re
from typing import Any, Final

from ..errors import UsageError
from .options import Options
from .optiontable import BY_FLAG, BY_KEY, Option

#: What users of other tools write, and what it is called here.
_MEANT: Final = {
    "--retries": "--tries N counts all attempts: --retries 2 is --tries 3",
    "--backend": "it is --engine here",
    "--n-jobs": "it is --workers here",
    "--n_jobs": "it is --workers here",
    "--jobs": "it is --workers here",
    "-j": "it is --workers here",
    "--out": "it is -o or --output here",
    "--glob": "it is -i or --input here",
}


def split(line: str) -> list[str]:
    """Split a magic's line into words: quotes group, braces and ``$`` stay as they are.

    Raises
    ------
    UsageError
        If a quote is not closed.
    """
    words: list[str] = []
    word, quote, inside = "", "", False
    for char in line:
        if quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in "\"'" and not _in_call(word):
            quote, inside = char, True
        elif char.isspace() and not _in_call(word):
            if word or inside:
                words.append(word)
            word, inside = "", False
        else:
            word += char
    if quote:
        raise UsageError(f"the quote {quote} is not closed in: {line}")
    return [*words, word] if word or inside else words


def _in_call(word: str) -> bool:
    """Whether a word has become ``name(...`` and its bracket is still open."""
    if not re.match(r"[A-Za-z_]\w*\(", word):
        return False
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", word)
    return "'" in bare or '"' in bare or bare.count("(") > bare.count(")")


def parse_line(line: str, body: str = "") -> Options:
    """Read the line of a ``%%datum`` cell, and the ``#|`` lines at the top of its body.

    The line stands over the ``#|`` lines.

    Raises
    ------
    UsageError
        With the name nearest to an unknown option, and all that there are.
    """
    values: dict[str, Any] = dict(_pipe_lines(body))
    words = split(line)
    i = 0
    while i < len(words):
        word = words[i]
        i += 1
        if not word.startswith("-"):
            _take_name(values, word)
            continue
        flag, eq, text = word.partition("=")
        option = BY_FLAG.get(flag)
        if option is None:
            raise _unknown(flag, sorted(BY_FLAG))
        if option.read is None:
            values[option.field] = True
            continue
        if not eq and option.metavar.startswith("["):
            text = ""
        elif not eq:
            if i == len(words):
                raise UsageError(f"{flag} needs a value: {flag} {option.metavar}")
            text = words[i]
            i += 1
        values.update(_read(flag, option, text))
    return Options(**values)


def _take_name(values: dict[str, Any], word: str) -> None:
    if "name" in values:
        raise UsageError(
            f"two names, {values['name']!r} and {word!r}: is an option missing before one of them?"
        )
    if word in ("datum", "datums"):
        raise UsageError(f"{word} is what the cell sees: give the transform another name")
    if not word.isidentifier() or keyword.iskeyword(word):
        raise UsageError(f"a transform's name is a Python name, as in %%datum thumbs, not {word!r}")
    values["name"] = word


def _pipe_lines(body: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for line in body.splitlines():
        if not line.strip():
            continue
        if not line.startswith("#|"):
            break
        key, colon, text = line[2:].partition(":")
        option = BY_KEY.get(key.strip().replace("_", "-"))
        if not colon:
            raise UsageError(f"write {line!r} as '#| option: value'")
        if option is None:
            raise _unknown(key.strip(), sorted(BY_KEY))
        text = text.strip()
        if option.read is None:
            found.append((option.field, text.lower() in ("", "true", "yes", "1")))
        else:
            found.extend(_read(key.strip(), option, text).items())
    return found


def _read(flag: str, option: Option, text: str) -> dict[str, Any]:
    """The fields that an option's text says."""
    assert option.read is not None
    try:
        value = option.read(text)
        return value if isinstance(value, dict) else {option.field: value}
    except ValueError as exc:
        reason = str(exc)
        if "invalid literal" in reason:
            reason = "it takes a whole number"
        raise UsageError(f"{flag} {text}: {reason}") from exc


def _unknown(flag: str, known: list[str]) -> UsageError:
    if flag in _MEANT:
        return UsageError(f"no option {flag}: {_MEANT[flag]}")
    near = difflib.get_close_matches(flag, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return UsageError(f"no option {flag}{hint} There are: {', '.join(known)}")
