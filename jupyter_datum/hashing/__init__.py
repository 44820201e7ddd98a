"""Digests of files and of values, and what tells that a file is unchanged."""

from .canonical import OpaqueValueError, type_name, value_digest
from .files import (
    RACY_NS,
    Digests,
    bytes_digest,
    file_digest,
    hex_digest,
    is_racy,
    stat_of,
)
from .unpickle import unpickled
from .values import (
    combine_values,
    decode_value,
    dumps,
    encode_lazy,
    encode_plain,
    encode_value,
    is_plain,
    seen_digest,
    value_word,
)

__all__ = [
    "RACY_NS",
    "Digests",
    "OpaqueValueError",
    "bytes_digest",
    "combine_values",
    "decode_value",
    "dumps",
    "encode_lazy",
    "encode_plain",
    "encode_value",
    "file_digest",
    "hex_digest",
    "is_plain",
    "is_racy",
    "seen_digest",
    "stat_of",
    "type_name",
    "unpickled",
    "value_digest",
    "value_word",
]
