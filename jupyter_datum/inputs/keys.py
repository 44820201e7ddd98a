"""Keys of joins and groups: made of what a pattern captured, or by a function of the user's.

A replacement string is text with captures in it: ``$1``, ``${1}``, ``$site``, ``${site}``;
``$$`` is a dollar. A function gets the path under the input's fixed part, as a str, and
returns a str or a number. It travels by value, beside the payload, and is loaded only where
the listing of user code is allowed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from ..errors import InputError, UsageError
from ..project import Project

if TYPE_CHECKING:
    from ..transform.callables import KeptCallable
    from .base import Listed

_FIELD: Final = re.compile(r"\$(?:(\$)|(\d+)|([A-Za-z_]\w*)|\{([^{}]*)\}|(.?))", re.DOTALL)
_SHOWN: Final = 200


class MissingCapture(Exception):
    """A datum lacks the capture with this name: its path took another alternative."""


class Key(Protocol):
    """Makes a text of a datum."""

    @property
    def foreign(self) -> bool:
        """Whether it runs user code."""

    def of(self, listed: Listed) -> str:
        """Return the key."""

    def describe(self) -> str:
        """Return it as a person would write it."""


class Template:
    """A replacement string.

    Raises
    ------
    UsageError
        If a ``$`` is followed by no name.
    """

    foreign = False

    def __init__(self, text: str) -> None:
        self.text = text
        #: Captures that it names.
        self.names: list[str] = []
        self._pieces: list[tuple[bool, str]] = []  # whether it names a capture, and text
        end = 0
        for found in _FIELD.finditer(text):
            self._pieces.append((False, text[end : found.start()]))
            self._pieces.append(self._field(found))
            end = found.end()
        self._pieces.append((False, text[end:]))
        self._pieces = [piece for piece in self._pieces if piece[1]]
        self.names = [name for named, name in self._pieces if named]
        self._single = self.names[0] if len(self._pieces) == 1 and self.names else None

    def _field(self, found: re.Match[str]) -> tuple[bool, str]:
        if found[1]:
            return False, "$"
        name = found[2] or found[3] or found[4]
        if not name:
            raise UsageError(
                f"the key {self.text!r} has a '$' without a name: write $1, ${{site}}, or $$ for "
                "a dollar"
            )
        return True, str(name)

    def of(self, listed: Listed) -> str:
        captures = listed.captures
        try:
            if self._single is not None:
                return captures[self._single]
            return "".join([captures[text] if named else text for named, text in self._pieces])
        except KeyError as exc:
            raise MissingCapture(exc.args[0]) from None

    def describe(self) -> str:
        return repr(self.text)


class Function:
    """A function of the user's.

    Parameters
    ----------
    call : callable or None
        None until it is needed: it lies in `project`.
    label : str
        What it is called.
    project : Project, optional
    kept : KeptCallable, optional
        Where it lies.
    """

    foreign = True

    def __init__(
        self,
        call: Callable[[str], Any] | None,
        label: str,
        project: Project | None = None,
        kept: KeptCallable | None = None,
    ) -> None:
        self._call = call
        self.label = label
        self._project = project
        self.kept = kept

    def of(self, listed: Listed) -> str:
        if not listed.files:
            raise InputError(f"the key function {self.label} is for files, and this is a value")
        rel = os.fsdecode(listed.files[0][1])
        try:
            key = self.load()(rel)
        except Exception as exc:
            raise InputError(
                f"the key function {self.label} raised {type(exc).__name__}: "
                f"{str(exc)[:_SHOWN]} for the path {rel!r}"
            ) from exc
        if isinstance(key, bool) or not isinstance(key, str | int | float) or "\0" in str(key):
            raise InputError(
                f"the key function {self.label} gave {str(ascii(key))[:_SHOWN]} for the path "
                f"{rel!r}; it must give a str (without NUL) or a number"
            )
        return str(key)

    def load(self) -> Callable[[str], Any]:
        """Return the function. Only where code of the user's may run."""
        if self._call is None:
            from ..transform.callables import load_callable

            assert self._project is not None and self.kept is not None
            self._call = load_callable(self.kept, self._project)
        return self._call

    def stored(self, project: Project) -> Function:
        """Return it as it can be written in JSON: its pickle lies in the project.

        Raises
        ------
        CaptureError
            If it cannot be pickled.
        """
        if self._call is None or self.kept is not None:
            return self
        from ..transform.callables import keep_callable

        return Function(self._call, self.label, project, keep_callable(self._call, project))

    def describe(self) -> str:
        return self.label


def key_of(given: str | Callable[[str], Any] | Key | None) -> Key | None:
    """Return what a user gave as ``on=`` or ``by=``.

    Raises
    ------
    UsageError
        If it is neither text nor function.
    """
    if given is None or isinstance(given, Template | Function):
        return given
    if isinstance(given, str):
        return Template(given)
    if callable(given):
        return Function(given, getattr(given, "__name__", type(given).__name__))
    raise UsageError(f"on= and by= take text with captures ('$1') or a function, not {given!r}")


def key_to_json(key: Key) -> Any:
    """Return a key as JSON.

    Raises
    ------
    UsageError
        If it is a function that no project holds.
    """
    if isinstance(key, Template):
        return key.text
    assert isinstance(key, Function)
    if key.kept is None:
        raise UsageError(f"the key function {key.label} was not stored in a project")
    return dict(key.kept)


def key_from_json(spec: Any, project: Project | None) -> Key | None:
    """Inverse of :func:`key_to_json`; no function is loaded.

    Raises
    ------
    UsageError
        If `spec` is none.
    """
    if spec is None:
        return None
    if isinstance(spec, str):
        return Template(spec)
    if isinstance(spec, dict) and isinstance(spec.get("payload"), str) and project is not None:
        kept = cast("KeptCallable", spec)
        return Function(None, str(spec.get("callable", "key")), project, kept)
    raise UsageError(f"on and by are text with captures, as '$1', not {spec!r}")


def check_template(key: Template, names: frozenset[str], word: str, where: str) -> None:
    """See that a replacement string names captures that there are.

    Raises
    ------
    UsageError
        If it names another one, or none at all.
    """
    there = ", ".join(shown_capture(name) for name in sorted(names))
    if not there:
        raise UsageError(
            f"{word}={key.text!r}, but {where} captures nothing: put parentheses round the part "
            "that is the key, as in 'images/(*).jpg'"
        )
    if not key.names:
        raise UsageError(f"{word}={key.text!r} names no capture of {where}; there are: {there}")
    for name in key.names:
        if name not in names:
            inside = [n for n in names if n.endswith(f".{name}")]
            what = "is ambiguous" if len(inside) > 1 else "is missing"
            raise UsageError(
                f"the capture ${name} of {word}={key.text!r} {what} in {where}; there are: {there}"
            )


def shown_capture(name: str) -> str:
    """Return a capture as it is written in a key."""
    return f"${name}" if name.isidentifier() or name.isdigit() else f"${{{name}}}"


def check_templates(source: Any, where: str) -> None:
    """See that the replacement strings of an input name captures that it has.

    Raises
    ------
    UsageError
    """
    for word in ("on", "by"):
        key = getattr(source, word)
        if isinstance(key, Template):
            check_template(key, source.capture_names, word, where)
