"""Values as bytes: what travels to a worker and back."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgpack
from blake3 import blake3

from .canonical import OpaqueValueError, value_digest
from .unpickle import unpickled

_JSON: Final = b"j"
_PICKLE: Final = b"p"
_LAZY: Final = b"l"
#: A dict or list of encoded values, of which one at least is no JSON.
_PARTS: Final = b"d"
_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_read = json.JSONDecoder().raw_decode
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


def encode_plain(value: Any) -> bytes | None:
    """Return `value` as JSON, or None where that would not give the very same value back."""
    if type(value) is int and -_LONGEST < value < _LONGEST:
        return b"%d" % value
    return _dumps(value).encode("utf-8", "surrogatepass") if is_plain(value) else None


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
        text = data[1:].decode("utf-8", "surrogatepass")
        # A third of what json.loads takes; there is no space around what we have written.
        value, end = _read(text)
        return value if end == len(text) else json.loads(text)
    if tag == _PICKLE:
        return unpickled(data[1:])
    if tag == _LAZY and load is not None:
        return load(json.loads(data[1:].decode("utf-8", "surrogatepass")))
    if tag == _PARTS:
        parts = msgpack.unpackb(data[1:], raw=False, unicode_errors="surrogateescape")
        if isinstance(parts, dict):
            return {name: decode_value(part, load) for name, part in parts.items()}
        return [decode_value(part, load) for part in parts]
    raise ValueError(f"an encoded value begins with 'j', 'p', 'd' or 'l', not with {tag!r}")


def combine_values(values: Mapping[str, bytes] | Sequence[bytes]) -> bytes:
    """Return the dict (or list) of values that are encoded already, encoded; none is decoded,
    so that also who may not unpickle can do it."""
    if isinstance(values, Mapping):
        if _all_json(values.values()):
            pairs = (_dumps(name).encode() + b":" + v[1:] for name, v in values.items())
            return _JSON + b"{" + b",".join(pairs) + b"}"
        content: Any = dict(values)
    else:
        if _all_json(values):
            return _JSON + b"[" + b",".join(value[1:] for value in values) + b"]"
        content = list(values)
    return _PARTS + bytes(msgpack.packb(content, unicode_errors="surrogateescape"))


def _all_json(values: Iterable[bytes]) -> bool:
    return all(value[:1] == _JSON for value in values)


def value_word(value: Any, data: bytes) -> str:
    """Return a short text that names a value among others: itself where it is a number, a
    short plain word, true, false or null; else the beginning of its digest.

    Parameters
    ----------
    value : object
        Only its type is looked at, and its digest taken.
    data : bytes
        As :func:`encode_value` gives it.
    """
    kind = type(value)
    if kind is str and len(value) <= _WORD and _is_word(value):
        return str(value)
    if data[:1] == _JSON and kind in (int, float, bool, type(None)) and len(data) <= _WORD:
        return data[1:].decode()
    try:
        return "#" + value_digest(value).hex()
    except OpaqueValueError:
        return "#" + str(blake3(data).hexdigest(length=16))


_WORD: Final = 64
_NOT_WORDS: Final = frozenset({"true", "false", "null", "nan", "inf"})


def _is_word(text: str) -> bool:
    plain = text.isascii() and text.replace("_", "").replace("-", "").replace(".", "").isalnum()
    return plain and text[0].isalpha() and text.lower() not in _NOT_WORDS


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
    if value[:1] == _PARTS:
        parts = msgpack.unpackb(value[1:], raw=False, unicode_errors="surrogateescape")
        named = isinstance(parts, dict)
        told = {k: _told(v) for k, v in parts.items()} if named else [_told(v) for v in parts]
        return bytes(msgpack.packb(told, unicode_errors="surrogateescape"))
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
