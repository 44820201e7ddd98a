"""Canonical digests of values.

A digest depends on type and content, not on the order of a set, on that of a dict only where it
is asked for, not on the process or its hash seed. ``1``, ``1.0``, ``True`` and ``"1"`` differ.
What has no stable content (a connection, a function whose code may change under its name) has
no digest, rather than one that hides a change.
"""

from __future__ import annotations

import collections
import copyreg
import dataclasses
import functools
import os
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from blake3 import blake3

from .arrow import arrow_digest

#: What is told of each function, class and module in a value, and may say what its code is.
Follow = Callable[[types.FunctionType | type | types.ModuleType], str | None]
_DEEPEST: Final = 100
#: Of a list or record of these alone, what ``ascii`` shows is canonical, and ten times as fast.
_LEAVES: Final = frozenset({type(None), bool, int, float, str})
#: Longer lists of leaves are remembered, in case they stand in the value many times.
_LONG: Final = 1_000


class OpaqueValueError(ValueError):
    """A value without a stable digest.

    Parameters
    ----------
    kind : str
        Full name of its type, with a reason if there is a particular one.
    path : str
        Where in the value that was asked about: ``"[3].model"``; empty for itself.
    """

    def __init__(self, kind: str, path: str = "") -> None:
        super().__init__(kind, path)

    @property
    def kind(self) -> str:
        """Full name of the type."""
        return str(self.args[0])

    @property
    def path(self) -> str:
        """Where it stands."""
        return str(self.args[1])

    def inside(self, step: str) -> OpaqueValueError:
        """Return the error as seen from the value that holds it at `step`."""
        return OpaqueValueError(self.kind, step + self.path)

    def __str__(self) -> str:
        return f"{self.kind} at {self.path}" if self.path else self.kind


def value_digest(
    value: Any,
    follow: Follow | None = None,
    *,
    ordered: bool = False,
) -> bytes:
    """Return a canonical 16-byte digest of a value's type and content.

    Parameters
    ----------
    value : object
    follow : callable, optional
        Is given each function in the value whose code may change under its name; returns the
        text that stands for its code, or None if there is none. What the function binds (its
        defaults and closure) counts beside that. Without it such a function has no digest.
        It is given classes and modules too, which are themselves by their names: those of
        instances as well.
    ordered : bool
        Whether the order of dicts counts: code that goes through one sees it. That of an object's
        attributes never does.

    Raises
    ------
    OpaqueValueError
        If something in it has no stable content to hash (a connection, an open file).
    """
    try:
        return blake3(_Canon(follow, ordered).of(value)).digest(length=16)
    except RecursionError:
        raise OpaqueValueError(f"{type_name(value)} (nested too deeply)") from None


#: What ``lru_cache`` and ``cache`` return.
CACHED: Final = type(functools.cache(lambda: None))
_SIMPLE: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"",
    type(...): lambda _: b"",
    bool: lambda v: b"1" if v else b"0",
    int: lambda v: b"%x" % v,
    float: lambda v: v.hex().encode(),
    complex: lambda v: f"{v.real.hex()} {v.imag.hex()}".encode(),
    str: lambda v: v.encode("utf-8", "surrogatepass"),
    bytes: bytes,
    bytearray: bytes,
}


class _Canon:
    """One walk over a value. What stands in it twice is walked once; a value that holds
    itself has no digest (its text would have no end)."""

    def __init__(self, follow: Follow | None, ordered: bool) -> None:
        self._follow = follow
        self._ordered = ordered
        #: id -> the value, so that its id is not used again, and its canonical form
        self._done: dict[int, tuple[Any, bytes]] = {}
        self._open: set[int] = set()
        self._told: set[type | types.ModuleType] = set()

    def of(self, value: Any) -> bytes:
        """The canonical form: ``name:length:content`` of something small, else a digest."""
        kind = type(value)
        simple = _SIMPLE.get(kind)
        if simple is not None:
            return _framed(kind.__name__, simple(value))
        fast = _leaves(kind, value, self._ordered)
        if fast is not None:
            return fast
        identity = id(value)
        if identity in self._done:
            return self._done[identity][1]
        if identity in self._open:
            raise OpaqueValueError(f"{type_name(value)} (it holds itself)")
        if len(self._open) > _DEEPEST:
            raise OpaqueValueError(f"{type_name(value)} (nested deeper than {_DEEPEST})")
        self._open.add(identity)
        self._tell(value if isinstance(value, type | types.ModuleType) else kind)
        form = b"#" + blake3(_framed(type_name(value), self._content(kind, value))).digest()
        self._open.discard(identity)
        self._done[identity] = (value, form)
        return form

    def _tell(self, code: type | types.ModuleType) -> None:
        if self._follow is not None and code not in self._told:
            self._told.add(code)
            self._follow(code)

    def _content(self, kind: type, value: Any) -> bytes:
        if kind in (list, tuple):
            return _joined(self._items(value))
        if isinstance(value, set | frozenset):
            return _joined([*sorted(self._items(value)), self._extra(value)])
        if isinstance(value, dict | types.MappingProxyType):
            pairs = [_joined(pair) for pair in self._pairs(value)]
            if not self._ordered and not isinstance(value, collections.OrderedDict):
                pairs.sort()
            return _joined([*pairs, self._extra(value)])
        return self._object(value)

    def _items(self, values: Iterable[Any]) -> Iterable[bytes]:
        for i, item in enumerate(values):
            try:
                yield self.of(item)
            except OpaqueValueError as exc:
                raise exc.inside(f"[{i}]") from None

    def _pairs(self, value: Mapping[Any, Any]) -> Iterable[tuple[bytes, bytes]]:
        for key, item in value.items():
            try:
                yield self.of(key), self.of(item)
            except OpaqueValueError as exc:
                shown = repr(key) if type(key) in (str, int) else "..."
                raise exc.inside(f"[{shown}]") from None

    def _extra(self, value: Any) -> bytes:
        """What an instance of a subclass of dict or set holds beside its items."""
        state = getattr(value, "__dict__", None)
        factory = getattr(value, "default_factory", None)
        return self.of([_sorted(state) or None, factory])

    def _object(self, value: Any) -> bytes:
        named = _by_name(value)
        if named is not None:
            return named.encode("utf-8", "surrogatepass")
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, CACHED):  # pickle would give its name alone
            return self.of(value.__wrapped__)
        array = _array(value)
        if array is not None:
            return _joined([self.of(array[0]), array[1]])
        column = arrow_digest(value)
        if column is not None:
            return column
        state = _table(value)
        if state is not None:
            return self.of(state)
        if dataclasses.is_dataclass(value):
            return self._fields(value)
        return self.of(_reduced(value))

    def _function(self, function: types.FunctionType) -> bytes:
        code = self._follow(function) if self._follow is not None else None
        if code is None:
            raise OpaqueValueError(type_name(function))
        try:
            bound = [cell.cell_contents for cell in function.__closure__ or ()]
        except ValueError:  # bound later: recursion of a local function
            raise OpaqueValueError(type_name(function)) from None
        return self.of([code, function.__defaults__, function.__kwdefaults__, bound])

    def _fields(self, value: Any) -> bytes:
        parts = []
        for name in (field.name for field in dataclasses.fields(value)):
            try:
                parts += [self.of(name), self.of(getattr(value, name, None))]
            except OpaqueValueError as exc:
                raise exc.inside(f".{name}") from None
        return _joined(parts)


def _sorted(state: Any) -> Any:
    """An object's attributes, or such of several kinds, by their names."""
    if type(state) is dict and all(type(name) is str for name in state):
        return dict(sorted(state.items()))
    return tuple(map(_sorted, state)) if type(state) is tuple else state


def _leaves(kind: type, value: Any, ordered: bool) -> bytes | None:
    """Short lists and records of numbers and text, at once; None for all else."""
    try:
        if kind in (list, tuple):
            if len(value) < _LONG and _LEAVES.issuperset(map(type, value)):
                return _framed(kind.__name__, ascii(value).encode())
        elif (
            kind is dict
            and len(value) < _LONG
            and {*map(type, value)} == {str}
            and _LEAVES.issuperset(map(type, value.values()))
        ):
            pairs = list(value.items()) if ordered else sorted(value.items())
            return _framed("dict", ascii(pairs).encode())
    except ValueError:  # an integer of more than 4,300 digits
        pass
    return None


def _by_name(value: Any) -> str | None:
    """Of what is itself only by its name: classes, functions of packages, paths."""
    if isinstance(value, type):
        return _name(value)
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, types.BuiltinFunctionType):
        free = isinstance(value.__self__, types.ModuleType | type(None))
        return _name(value) if free else None
    if isinstance(value, types.FunctionType):
        # The code of any other function may change under its name.
        return _name(value) if "<" not in value.__qualname__ and _installed(value) else None
    if type(value).__module__.startswith("pathlib"):
        return str(os.fspath(value))
    return repr(value) if type(value) in (range, slice) else None


def _installed(function: types.FunctionType) -> bool:
    """Whether a function is of the standard library or of an installed package."""
    file = getattr(sys.modules.get(function.__module__), "__file__", None)
    return isinstance(file, str) and file.startswith(_package_folders())


@functools.cache
def _package_folders() -> tuple[str, ...]:
    import sysconfig

    paths = sysconfig.get_paths()
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({os.path.join(paths[name], "") for name in names})


def _array(value: Any) -> tuple[Any, bytes] | None:
    """A NumPy array or scalar: dtype and shape, and the digest of its buffer.

    Not of subclasses of others' (a quantity's unit would be lost), nor masked ones.
    """
    module = type(value).__module__
    if module.partition(".")[0] != "numpy" or module.startswith("numpy.ma"):
        return None
    if not hasattr(value, "tobytes") or not hasattr(value, "dtype"):
        return None
    head = [str(value.dtype), list(value.shape)]
    if value.dtype.hasobject:
        return [*head, value.tolist()], b""
    try:
        data = memoryview(value).cast("B")
    except (TypeError, ValueError, BufferError):  # not contiguous, empty, or dates
        data = value.tobytes()
    return head, blake3(data, max_threads=blake3.AUTO).digest()


def _table(value: Any) -> list[Any] | None:
    """What makes up a frame, series, index or column of pandas; labels and order count."""
    if type(value).__module__.partition(".")[0] != "pandas":
        return None
    if hasattr(value, "columns") and hasattr(value, "iloc"):
        columns = [value.iloc[:, i].array for i in range(value.shape[1])]
        return [value.columns, value.index, columns, value.attrs or None]
    if hasattr(value, "iloc"):
        return [value.name, value.index, value.array, value.attrs or None]
    if hasattr(value, "levels"):
        return [list(value.names), list(value.levels), [code.tolist() for code in value.codes]]
    if hasattr(value, "names") and hasattr(value, "array"):
        return [list(value.names), value.array]
    if not hasattr(value, "dtype") or not hasattr(value, "tolist"):
        return None
    if hasattr(value, "categories") and hasattr(value, "codes"):
        return [bool(value.ordered), value.categories, value.codes]
    if hasattr(value, "asi8"):
        return [str(value.dtype), value.asi8]
    if type(value.dtype).__name__ == "NumpyEADtype":
        return [value.to_numpy()]
    return [str(value.dtype), value.tolist()]


def _reduced(value: Any) -> Any:
    """What pickle would keep of an object.

    Raises
    ------
    OpaqueValueError
        If pickle would refuse it.
    """
    own = copyreg.dispatch_table.get(type(value))
    try:
        reduced = own(value) if own else value.__reduce_ex__(2)
        if isinstance(reduced, str):
            return reduced
        rest = [list(part) for part in reduced[3:5] if part is not None]
        return [_name(reduced[0]), *reduced[1:2], *map(_sorted, reduced[2:3]), *rest]
    except Exception:  # whatever it raises, it says: no state to be had
        raise OpaqueValueError(type_name(value)) from None


def _framed(name: str, data: bytes) -> bytes:
    return b"%s:%d:%s" % (name.encode("utf-8", "backslashreplace"), len(data), data)


def _joined(parts: Iterable[bytes]) -> bytes:
    return b"".join(b"%d:%s" % (len(part), part) for part in parts)


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def type_name(value: Any) -> str:
    """Return the full name of a value's type, ``torch.nn.Module``."""
    return _name(type(value)).removeprefix("builtins.")
