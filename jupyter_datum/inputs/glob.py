"""The glob dialect, as one function from a pattern to a regular expression.

* ``*`` any characters but ``/``; ``**`` whole folders, any number (also none); ``?`` one
  character; ``[abc] [a-z] [!abc]`` one of a set; ``{a,b}`` alternatives, which may nest and
  hold any of these.
* ``( )`` captures what stands within, numbered from the left: ``"1"``, ``"2"``;
  ``(?P<site>..)`` captures under a name.
* The whole path must match, from the root. A name that begins with a dot matches only
  where the pattern has that dot.
* Paths are bytes: a file name of any bytes can match.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from ..errors import UsageError

#: A name does not begin with a dot: before a wildcard at the start of a name.
_NOT_HIDDEN: Final = rb"(?!\.)"
_NAMED: Final = re.compile(r"\(\?P<([A-Za-z_]\w*)>")
_MAGIC: Final = frozenset("*?[]{}()")


@dataclass(frozen=True)
class Glob:
    """A compiled pattern.

    Parameters
    ----------
    pattern : str
        As the user wrote it.
    fixed : str
        The folders before the first wildcard: where a walk starts; may be empty, ends in no
        slash but for the root itself.
    regex : re.Pattern of bytes
        Over the path under `fixed`.
    depth : int or None
        Number of names in a path that matches; None if there is no bound (``**``).
    """

    pattern: str
    fixed: str
    regex: re.Pattern[bytes]
    depth: int | None

    @property
    def names(self) -> frozenset[str]:
        """What it captures: ``"1"``, ``"2"``, ... and names."""
        return frozenset([*map(str, range(1, self.regex.groups + 1)), *self.regex.groupindex])

    def match(self, rel: bytes) -> dict[str, str] | None:
        """Return what is captured if the path `rel` (under :attr:`fixed`) matches, else None."""
        found = self.regex.match(rel)
        if found is None:
            return None
        if not self.regex.groups:
            return {}
        captures = {str(i): found.group(i) for i in range(1, self.regex.groups + 1)}
        captures.update(found.groupdict())
        return {name: os.fsdecode(value or b"") for name, value in captures.items()}


def glob_hints(fixed: str, pattern: str) -> tuple[str, ...]:
    """Return names that an input might be given: that of its folder, the ending of its files."""
    folder = os.path.basename(fixed)
    ending = os.path.splitext(pattern)[1][1:]
    first = folder if folder not in ("", ".", "..") else "in"
    return (first, ending if ending and not _MAGIC & set(ending) else first)


def compile_glob(pattern: str) -> Glob:
    """Compile a pattern.

    Raises
    ------
    UsageError
        If brackets do not match, or the pattern is empty or leaves its root.
    """
    fixed, rest = _split(pattern)
    if not rest:
        raise UsageError(f"the pattern {pattern!r} names no file")
    if ".." in rest.split("/"):
        raise UsageError(f"the pattern {pattern!r} has '..' behind a wildcard")
    regex = _Translator(pattern, rest).translate()
    depth = None if "**" in rest else _depth(rest)
    try:
        return Glob(pattern, fixed, re.compile(regex, re.DOTALL), depth)
    except re.error as exc:
        raise UsageError(f"the pattern {pattern!r} cannot be read: {exc}") from exc


def _split(pattern: str) -> tuple[str, str]:
    """Cut a pattern into the folders without wildcard, and the rest."""
    names = pattern.split("/")
    n = 0
    while n < len(names) - 1 and not _MAGIC & set(names[n]):
        n += 1
    fixed = "/".join(names[:n])
    if n and not fixed:
        fixed = "/"
    return fixed, "/".join(name for name in names[n:] if name not in ("", "."))


def _depth(rest: str) -> int | None:
    """Names in a matching path; None where alternatives hold a slash (they may differ)."""
    flat = re.sub(r"\{[^{}]*/[^{}]*\}", "\0", rest)
    return None if "\0" in flat else flat.count("/") + 1


class _Translator:
    """Turns a pattern, character by character, into a regular expression."""

    def __init__(self, pattern: str, rest: str) -> None:
        self._pattern = pattern
        self._text = rest
        self._at = 0
        self._open: list[str] = []  # brackets not closed yet
        self._start = True  # at the start of a name
        self._starts: list[bool] = []  # the same, where an alternative began

    def translate(self) -> bytes:
        pieces: list[bytes] = []
        while self._at < len(self._text):
            pieces.append(self._next())
        if self._open:
            raise self._error(f"{self._open[-1]!r} is not closed")
        return b"".join(pieces) + rb"\Z"

    def _next(self) -> bytes:
        text, at = self._text, self._at
        if text.startswith("**", at):
            return self._double()
        self._at += 1
        char = text[at]
        if char in "*?":
            return self._wild(rb"[^/]*" if char == "*" else rb"[^/]")
        if char == "[":
            return self._set()
        if char in "{}(),":
            return self._bracket(char)
        self._start = char == "/"
        return re.escape(os.fsencode(char))

    def _wild(self, regex: bytes) -> bytes:
        hidden = _NOT_HIDDEN if self._start else b""
        self._start = False
        return hidden + regex

    def _double(self) -> bytes:
        """``**`` as a whole name: folders, any number; elsewhere no more than ``*``."""
        end = self._at + 2
        whole = self._start and (end == len(self._text) or self._text[end] in "/)},")
        if not whole:
            self._at = end
            return self._wild(rb"[^/]*")
        if self._text[end : end + 1] == "/":
            self._at = end + 1
            return rb"(?:(?!\.)[^/]+/)*"
        self._at = end
        self._start = False
        return rb"(?:(?!\.)[^/]+/)*(?!\.)[^/]+"

    def _set(self) -> bytes:
        end = self._text.find("]", self._at + 1 + (self._text[self._at : self._at + 1] == "!"))
        if end < 0:
            raise self._error("'[' is not closed")
        body = self._text[self._at : end]
        self._at = end + 1
        negate = body.startswith("!")
        inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[negate:])
        if not inner.isascii():
            return self._wild(_any_of(inner, negate))
        return self._wild(b"(?!/)[" + (b"^" if negate else b"") + inner.encode() + b"]")

    def _bracket(self, char: str) -> bytes:
        if char == "(":
            named = _NAMED.match(self._text, self._at - 1)
            self._open.append("(")
            if named is None:
                return b"("
            self._at = named.end()
            return b"(?P<" + named[1].encode() + b">"
        if char == "{":
            self._open.append("{")
            self._starts.append(self._start)
            return b"(?:"
        inside = self._open[-1] if self._open else ""
        if char == ",":
            if inside != "{":
                self._start = False
                return b","
            self._start = self._starts[-1]
            return b"|"
        if inside != {"}": "{", ")": "("}[char]:
            raise self._error(f"{char!r} closes nothing")
        self._open.pop()
        if char == "}":
            self._starts.pop()
        return b")"

    def _error(self, what: str) -> UsageError:
        return UsageError(f"the pattern {self._pattern!r} cannot be read: {what}")


def _any_of(body: str, negate: bool) -> bytes:
    """A set with characters of several bytes: alternatives of their encodings."""
    choices = b"|".join(re.escape(os.fsencode(c)) for c in body if c != "-")
    if negate:
        return b"(?!" + choices + rb")[^/][\x80-\xbf]*"
    return b"(?:" + choices + b")"
