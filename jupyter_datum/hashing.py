"""Digests of files and of values, and what tells that a file is unchanged.

A value's digest is canonical: it depends on type and content, not on the order of a dict
or a set, not on the process or its hash seed. ``1``, ``1.0``, ``True`` and ``"1"`` differ.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pickle
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from blake3 import blake3

from .events import Stat

#: Files up to this size are read at once; larger ones are mapped and hashed by all cores.
_SMALL: Final = 1 << 20
#: A file modified this short a time before it was looked at may change unseen (git's rule).
RACY_NS: Final = 2_000_000_000


class OpaqueValueError(ValueError):
    """A value without a stable digest; ``args[0]`` names the type."""


def file_digest(path: bytes | str | os.PathLike[str]) -> bytes:
    """Return the 32-byte BLAKE3 of a file's content.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size <= _SMALL:
            return blake3(file.readall() or b"").digest()
    return blake3(max_threads=blake3.AUTO).update_mmap(os.fsdecode(path)).digest()


def bytes_digest(data: bytes) -> bytes:
    """Return the 32-byte BLAKE3 of `data`."""
    return blake3(data).digest()


def hex_digest(data: bytes, size: int = 16) -> str:
    """Return the first `size` bytes of the BLAKE3 of `data`, in hexadecimal."""
    return blake3(data).hexdigest(length=size)


def stat_of(status: os.stat_result) -> Stat:
    """Return what tells that a file is unchanged."""
    return Stat(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def is_racy(stat: Stat, seen_ns: int) -> bool:
    """Return whether a file looked at at `seen_ns` was so fresh that a later change within
    the clock's grain would leave its stat tuple as it is."""
    return seen_ns - max(stat.mtime_ns, stat.ctime_ns) < RACY_NS


# -- values as bytes -----------------------------------------------------------------------

_JSON: Final = b"j"
_PICKLE: Final = b"p"
_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encode_value(value: Any) -> bytes:
    """Return `value` as bytes: JSON where that gives the very same value back, else a pickle.

    Raises
    ------
    Exception
        Whatever pickling raises.
    """
    kind = type(value)
    if kind is int:
        return b"j%d" % value
    if is_plain(value):
        return _JSON + _dumps(value).encode("utf-8", "surrogatepass")
    return _PICKLE + dumps(value)


def decode_value(data: bytes) -> Any:
    """Inverse of :func:`encode_value`. Only in kernels and workers: it may unpickle."""
    if data[:1] == _JSON:
        return json.loads(data[1:].decode("utf-8", "surrogatepass"))
    return pickle.loads(data[1:])


def dumps(value: Any) -> bytes:
    """Pickle a value; functions and classes of the notebook by value."""
    try:
        return pickle.dumps(value, protocol=5)
    except Exception:  # what plain pickle cannot do is cloudpickle's to decide
        import cloudpickle

        return bytes(cloudpickle.dumps(value, protocol=5))


def is_plain(value: Any) -> bool:
    """Return whether JSON gives exactly this value back: type, order and content."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return all(map(is_plain, value))
    if kind is dict:
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    return False


_PLAIN: Final = frozenset({type(None), bool, int, str})

# -- canonical digests ---------------------------------------------------------------------

_DEEPEST: Final = 200


def value_digest(value: Any) -> bytes:
    """Return a canonical 16-byte digest of a value's type and content.

    Raises
    ------
    OpaqueValueError
        If something in it has no stable content to hash (a connection, an open file).
    """
    return blake3(_canonical(value, 0)).digest(length=16)


def _canonical(value: Any, depth: int) -> bytes:
    if depth > _DEEPEST:
        raise OpaqueValueError(f"{type_name(value)} (nested deeper than {_DEEPEST})")
    kind = type(value)
    simple = _SIMPLE.get(kind)
    if simple is not None:
        return _framed(kind.__name__, simple(value))
    if kind in (list, tuple):
        return _joined(kind.__name__, (_canonical(item, depth + 1) for item in value))
    if kind in (set, frozenset):
        return _joined(kind.__name__, sorted(_canonical(item, depth + 1) for item in value))
    if isinstance(value, dict):
        return _joined(type_name(value), sorted(_pairs(value, depth)))
    return _canonical_object(value, depth)


_SIMPLE: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"",
    type(...): lambda _: b"",
    bool: lambda v: b"1" if v else b"0",
    int: lambda v: b"%d" % v,
    float: lambda v: v.hex().encode(),
    complex: lambda v: f"{v.real.hex()} {v.imag.hex()}".encode(),
    str: lambda v: v.encode("utf-8", "surrogatepass"),
    bytes: bytes,
    bytearray: bytes,
    range: lambda v: repr(v).encode(),
    slice: lambda v: repr(v).encode(),
}


def _canonical_object(value: Any, depth: int) -> bytes:
    name = type_name(value)
    if isinstance(value, os.PathLike):
        return _framed(name, os.fsencode(value))
    if isinstance(value, type):
        return _framed("type", f"{value.__module__}.{value.__qualname__}".encode())
    if isinstance(value, types.BuiltinFunctionType) and isinstance(
        value.__self__, types.ModuleType | type(None)
    ):
        return _framed("builtin", f"{value.__module__}.{value.__qualname__}".encode())
    state = _array(value) or _frame(value)
    if state is None:
        state = _state(value)
    if state is None:
        raise OpaqueValueError(name)
    return _joined(name, [_canonical(state, depth + 1)])


def _array(value: Any) -> tuple[Any, ...] | None:
    """An array by its buffer (NumPy's protocol, without importing NumPy)."""
    if not hasattr(value, "__array_interface__") or not hasattr(value, "tobytes"):
        return None
    if getattr(value.dtype, "hasobject", True):
        return (str(value.dtype), tuple(value.shape), value.tolist())
    return (str(value.dtype), tuple(value.shape), bytes(value.tobytes()))


def _frame(value: Any) -> tuple[Any, ...] | None:
    """A pandas frame, series or index by its own row hashes; order and labels count."""
    if type(value).__module__.partition(".")[0] != "pandas":
        return None
    from pandas.util import hash_pandas_object

    try:
        hashes = hash_pandas_object(value, index=True).to_numpy().tobytes()
    except TypeError:
        return None
    columns = list(map(str, getattr(value, "columns", [getattr(value, "name", None)])))
    return (columns, list(map(str, getattr(value, "dtypes", []))), hashes)


def _state(value: Any) -> Any:
    """What makes up an instance of a class of the user's, or of any with plain state."""
    if dataclasses.is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # whatever it raises, it says: no state to be had
        return None
    if isinstance(reduced, str):
        return reduced
    rest = list(reduced[1:3]) + [list(part) for part in reduced[3:5] if part is not None]
    return [_named(reduced[0]), *map(_named, rest)]


def _named(part: Any) -> Any:
    """Functions and classes of a reduction by their names."""
    if isinstance(part, type | types.FunctionType | types.BuiltinFunctionType):
        return f"{part.__module__}.{part.__qualname__}"
    if isinstance(part, tuple):
        return tuple(map(_named, part))
    return part


def _pairs(value: Mapping[Any, Any], depth: int) -> Iterable[bytes]:
    for key, item in value.items():
        yield _joined("", [_canonical(key, depth + 1), _canonical(item, depth + 1)])


def _framed(name: str, data: bytes) -> bytes:
    return b"%s:%d:%s" % (name.encode(), len(data), data)


def _joined(name: str, parts: Iterable[bytes]) -> bytes:
    return _framed(name, b"".join(b"%d:%s" % (len(part), part) for part in parts))


def type_name(value: Any) -> str:
    """Return the full name of a value's type, ``torch.nn.Module``."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
