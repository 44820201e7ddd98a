"""A set of row ids that costs a bit each."""

from __future__ import annotations

from collections.abc import Iterable


class Bitmap:
    """A set of datum ids, a bit each: a million failed datums take 125 KB.

    Parameters
    ----------
    ids : iterable of int
        Not negative.
    """

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        for identity in ids:
            self.add(identity)

    def add(self, identity: int) -> None:
        """Put one in."""
        byte = identity >> 3
        self._reach(byte)
        self._bits[byte] |= 1 << (identity & 7)

    def _reach(self, byte: int) -> None:
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits) + len(self._bits) // 2))

    def update(self, ids: Iterable[int]) -> None:
        """Put many in."""
        many = list(ids)
        if not many:
            return
        self._reach(max(many) >> 3)
        bits = self._bits
        for identity in many:
            bits[identity >> 3] |= 1 << (identity & 7)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()

    def __contains__(self, identity: int) -> bool:
        byte = identity >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << (identity & 7))
