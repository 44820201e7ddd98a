"""Values as bytes: what travels to a worker and back."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable, Mapping
from typing import Any, Final

from blake3 import blake3

_JSON: Final = b"j"
_PICKLE: Final = b"p"
_LAZY: Final = b"l"
_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
#: Python refuses to write longer integers (4,300 digits) in decimal.
_LONGEST: Final = 1 << 8192
#: Deeper nesting is left to pickle: JSON's reader would hit the recursion limit.
_JSON_DEPTH: Final = 50


def encode_value(value: Any) -> bytes:
    """Return `value` as bytes: JSON where that gives the very same value back, else a pickle.

    Raises
    ------
    Exception
        Whatever pickling raises.
    """
    if type(value) is int and -_LONGEST < value < _LONGEST:
        return b"j%d" % value
    if is_plain(value):
        return _JSON + _dumps(value).encode("utf-8", "surrogatepass")
    return _PICKLE + dumps(value)


def encode_lazy(spec: Mapping[str, Any]) -> bytes:
    """Return a value that its worker loads when it comes to it: a part of a table, say.

    Parameters
    ----------
    spec : mapping
        Plain JSON; what reads it is told to :func:`decode_value`. A digest of the content
        should stand in it, so that other content is another value.
    """
    return _LAZY + _dumps(dict(spec)).encode("utf-8", "surrogatepass")


def decode_value(data: bytes, load: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Inverse of :func:`encode_value` and :func:`encode_lazy`. Only in kernels and workers:
    it may unpickle.

    Parameters
    ----------
    data : bytes
    load : callable, optional
        Gives the value that :func:`encode_lazy` was told of.

    Raises
    ------
    ValueError
        If `data` is of no kind of ours, or must be loaded and nobody can.
    """
    tag = data[:1]
    if tag == _JSON:
        return json.loads(data[1:].decode("utf-8", "surrogatepass"))
    if tag == _PICKLE:
        return pickle.loads(data[1:])
    if tag == _LAZY and load is not None:
        return load(json.loads(data[1:].decode("utf-8", "surrogatepass")))
    raise ValueError(f"an encoded value begins with 'j', 'p' or 'l', not with {tag!r}")


def seen_digest(value: bytes | None, captures: Mapping[str, str]) -> bytes:
    """Return 16 bytes over what a cell sees of a datum beside its files.

    Parameters
    ----------
    value : bytes or None
        Encoded, as :func:`encode_value` gives it.
    captures : mapping of str to str
        Keys and captures.
    """
    hasher = blake3(json.dumps(sorted(captures.items())).encode())
    if value is not None:
        hasher.update(b"\0")
        hasher.update(_told(value))
    return hasher.digest(length=16)


def _told(value: bytes) -> bytes:
    """What tells an encoded value from others: of one that is loaded its content, not the
    place where it lies."""
    if value[:1] != _LAZY:
        return value
    spec = json.loads(value[1:])
    return f"{spec.get('form')} {spec['digest']}".encode() if "digest" in spec else value


def dumps(value: Any) -> bytes:
    """Pickle a value; functions and classes of the notebook by value."""
    try:
        data = pickle.dumps(value, protocol=5)
        # By reference to the notebook: it would be looked for in the worker's __main__.
        if b"__main__" not in data:
            return data
    except Exception:  # what plain pickle cannot do is cloudpickle's to decide
        pass
    import cloudpickle

    return bytes(cloudpickle.dumps(value, protocol=5))


def is_plain(value: Any, depth: int = 0) -> bool:
    """Return whether JSON gives exactly this value back: type, order and content."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is float:
        return math.isfinite(value)
    if kind is int:
        return bool(-_LONGEST < value < _LONGEST)
    if depth > _JSON_DEPTH:
        return False
    if kind is list:
        return all(is_plain(item, depth + 1) for item in value)
    if kind is dict:
        return all(type(key) is str and is_plain(item, depth + 1) for key, item in value.items())
    return False


_PLAIN: Final = frozenset({type(None), bool, str})
