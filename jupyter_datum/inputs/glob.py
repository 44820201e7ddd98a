"""The glob dialect, as one function from a pattern to a regular expression.

* ``*`` any characters but ``/``; ``**`` whole folders, any number (also none); ``?`` one
  character; ``[abc] [a-z] [!abc]`` one of a set; ``{a,b}`` alternatives, which may nest and
  hold any of these.
* ``( )`` captures what stands within, numbered from the left: ``"1"``, ``"2"``;
  ``(?P<site>..)`` captures under a name, too, which may stand once in each of several
  alternatives. A capture in an alternative that a path did not take is not there.
* The whole path must match, from the root. A name that begins with a dot matches only
  where the pattern has that dot.
* A file name of any bytes can match; a byte that is no UTF-8 is a character of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..errors import UsageError

#: A name does not begin with a dot: before a wildcard at the start of a name.
_NOT_HIDDEN: Final = r"(?!\.)"
#: The same where it depends on what was chosen before whether a name starts: ``{,a}*``.
_IF_START: Final = r"(?!(?<![^/])\.)"
#: A path has a name: the folder that a walk starts in is none of its own files.
_NOT_EMPTY: Final = r"(?!\Z)"
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
    regex : re.Pattern of str
        Over the path under `fixed`.
    depth : int or None
        Number of names in a path that matches; None if there is no bound (``**``).
    """

    pattern: str
    fixed: str
    regex: re.Pattern[str]
    depth: int | None
    #: Names of captures, and the numbers that each stands for: one, or one of each alternative.
    named: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What it captures: ``"1"``, ``"2"``, ... and names."""
        numbers = map(str, range(1, self.regex.groups + 1))
        return frozenset([*numbers, *(name for name, _ in self.named)])

    @property
    def matches(self) -> Callable[[bytes], dict[str, str] | None]:
        """:meth:`match`, as quick as it can be for a pattern that captures nothing."""
        if self.regex.groups:
            return self.match
        match = self.regex.match
        return lambda rel: {} if match(rel.decode("utf-8", "surrogateescape")) else None

    def match(self, rel: bytes) -> dict[str, str] | None:
        """Return what is captured if the path `rel` (under :attr:`fixed`) matches, else None;
        a capture that took no part is not in it."""
        found = self.regex.match(rel.decode("utf-8", "surrogateescape"))
        if found is None:
            return None
        if not self.regex.groups:
            return {}
        texts = found.groups()
        captures = {str(i): text for i, text in enumerate(texts, 1) if text is not None}
        for name, numbers in self.named:
            for i in numbers:
                if texts[i - 1] is not None:
                    captures[name] = texts[i - 1]
        return captures


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
    if not pattern:
        raise UsageError(
            "the pattern is empty. 'images/*.jpg' are files by their ending, '*' is every file of "
            "the folder, '**' with those in its folders"
        )
    fixed, rest = _split(pattern)
    if not rest:
        raise UsageError(
            f"the pattern {pattern!r} names no file; all in it: {pattern.rstrip('/')}/*"
        )
    if ".." in rest.split("/"):
        raise UsageError(f"the pattern {pattern!r} has '..' behind a wildcard")
    translator = _Translator(pattern, rest)
    regex = translator.translate()
    depth = None if "**" in rest else _depth(rest)
    try:
        return Glob(pattern, fixed, re.compile(regex, re.DOTALL), depth, translator.named)
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
        self._start = True  # maybe at the start of a name
        self._sure = True  # and not only maybe
        self._began: list[tuple[bool, bool]] = []  # both, where an alternative began
        self._ended: list[set[bool]] = []  # the former, where alternatives have ended
        self._groups = 0  # captures so far
        self._braces = 0
        self._branch: list[tuple[int, int]] = []  # the braces around, and their alternative
        self._names: dict[str, list[tuple[int, dict[int, int]]]] = {}  # number, and branch

    @property
    def named(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """See :attr:`Glob.named`."""
        return tuple((name, tuple(n for n, _ in found)) for name, found in self._names.items())

    def translate(self) -> str:
        pieces: list[str] = []
        while self._at < len(self._text):
            pieces.append(self._next())
        if self._open:
            raise self._error(f"{self._open[-1]!r} is not closed")
        return _NOT_EMPTY + "".join(pieces) + r"\Z"

    def _next(self) -> str:
        text, at = self._text, self._at
        if text.startswith("**", at):
            return self._double()
        self._at += 1
        char = text[at]
        if char in "*?":
            return self._wild(r"[^/]*" if char == "*" else r"[^/]")
        if char == "[":
            return self._set()
        if char in "{}(),":
            return self._bracket(char)
        self._start, self._sure = char == "/", True
        return re.escape(char)

    def _wild(self, regex: str) -> str:
        hidden = (_NOT_HIDDEN if self._sure else _IF_START) if self._start else ""
        self._start, self._sure = False, True
        return hidden + regex

    def _double(self) -> str:
        """``**`` as a whole name: folders, any number; elsewhere no more than ``*``."""
        end = self._at + 2
        whole = self._start and self._sure and (end == len(self._text) or self._text[end] in "/)},")
        if not whole:
            self._at = end
            return self._wild(r"[^/]*")
        if self._text[end : end + 1] == "/":
            self._at = end + 1
            return r"(?:(?!\.)[^/]+/)*"
        self._at = end
        self._start = False
        return r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+"

    def _set(self) -> str:
        end = self._text.find("]", self._at + 1 + (self._text[self._at : self._at + 1] == "!"))
        if end < 0:
            raise self._error("'[' is not closed")
        body = self._text[self._at : end]
        self._at = end + 1
        negate = body.startswith("!")
        inner = re.sub(r"([\\\[\]^&~|])", r"\\\1", body[negate:])
        return self._wild(f"(?!/)[{'^' if negate else ''}{inner}]")

    def _bracket(self, char: str) -> str:
        if char == "(":
            named = _NAMED.match(self._text, self._at - 1)
            self._open.append("(")
            self._groups += 1
            if named is not None:
                self._at = named.end()
                self._name(named[1])
            return "("
        if char == "{":
            self._open.append("{")
            self._braces += 1
            self._branch.append((self._braces, 0))
            self._began.append((self._start, self._sure))
            self._ended.append(set())
            return "(?:"
        inside = self._open[-1] if self._open else ""
        if char == ",":
            if inside != "{":
                self._start, self._sure = False, True
                return ","
            self._ended[-1].add(self._start)
            self._start, self._sure = self._began[-1]
            brace, alternative = self._branch.pop()
            self._branch.append((brace, alternative + 1))
            return "|"
        if inside != {"}": "{", ")": "("}[char]:
            raise self._error(f"{char!r} closes nothing")
        self._open.pop()
        if char == "}":
            self._close()
        return ")"

    def _name(self, name: str) -> None:
        """One path takes one alternative: there the name may stand in each."""
        here = dict(self._branch)
        for _, there in self._names.get(name, ()):
            if all(there[brace] == here[brace] for brace in there.keys() & here.keys()):
                raise self._error(
                    f"it captures {name!r} twice. One name may stand in several alternatives, "
                    f"{{(?P<{name}>..)-x,y-(?P<{name}>..)}}, else each has its own"
                )
        self._names.setdefault(name, []).append((self._groups, here))

    def _close(self) -> None:
        """Behind alternatives a name starts if it does behind one of them."""
        self._branch.pop()
        _, sure = self._began.pop()
        ends = self._ended.pop() | {self._start}
        self._sure = sure and self._sure and len(ends) == 1
        self._start = True in ends

    def _error(self, what: str) -> UsageError:
        return UsageError(f"the pattern {self._pattern!r} cannot be read: {what}")
