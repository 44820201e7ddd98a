"""What a cell gives for a datum, and what it displays, as bytes; and back again.

Small values are JSON, which anybody may read. Arrays, tables and images are kept in the
format that other tools read too. Only what is left becomes a pickle, which is loaded where
the user asks for it, and never by a server.
"""

from .kinds import Large, decode_result, is_file, value_of
from .store import INLINE, keep_bytes, keep_result
from .tuples import is_json, restored, word_of

__all__ = [
    "INLINE",
    "Large",
    "decode_result",
    "is_file",
    "is_json",
    "keep_bytes",
    "keep_result",
    "restored",
    "value_of",
    "word_of",
]
