"""The bytes of the stream, and how fast a million states are compared."""

from __future__ import annotations

import json
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_datum.server import codec
from tests.vectors import make

STATES = st.binary(max_size=300).map(lambda data: bytes(byte % 7 for byte in data))


def test_the_vectors_are_what_the_codec_makes() -> None:
    kept = json.loads(make.FILE.read_text("utf-8"))
    made = json.loads(json.dumps(make.vectors()))
    for one, other in zip(kept.pop("snapshots"), made.pop("snapshots"), strict=True):
        assert one["states"] == other["states"]
        assert zlib.decompress(bytes.fromhex(one["body"])).hex() == one["states"]
    for one, other in zip(kept.pop("frames"), made.pop("frames"), strict=True):
        assert one["header"] == other["header"]
        if one["header"]["type"] != "snapshot":
            assert one["bytes"] == other["bytes"]
        assert codec.parse_frame(bytes.fromhex(one["bytes"]))[0] == one["header"]
    assert kept == made


@given(st.integers(0, 2**63))
def test_varints_come_back(number: int) -> None:
    data = codec.varint(number)
    assert codec.read_varint(b"x" + data + b"\x81", 1) == (number, 1 + len(data))


def test_a_varint_that_does_not_end_is_refused() -> None:
    for data in (b"", b"\x80", b"\xff" * 11):
        with pytest.raises(ValueError, match="end"):
            codec.read_varint(data, 0)


@given(STATES, STATES)
def test_a_delta_makes_the_old_states_the_new_ones(old: bytes, new: bytes) -> None:
    new = new + bytes(max(0, len(old) - len(new)))
    states = bytearray(old)
    codec.apply(states, codec.stretches(codec.changes(old, new)))
    states.extend(bytes(len(new) - len(states)))
    assert bytes(states) == new


def test_a_stretch_that_is_cut_short_is_refused() -> None:
    body = codec.stretches([(3, b"\1\2\3")])
    with pytest.raises(ValueError, match="cut"):
        codec.apply(bytearray(9), body[:-1])


@pytest.mark.parametrize("place", [0, 4095, 4096, 65_535, 65_536, 999_999])
def test_one_change_in_a_million_is_one_short_stretch(place: int) -> None:
    old = bytes(1_000_000)
    new = bytearray(old)
    new[place] = 3
    assert list(codec.changes(old, bytes(new))) == [(place, b"\3")]


def test_a_million_states_are_compared_and_packed_in_milliseconds() -> None:
    old = bytes([2]) * 500_000 + bytes(500_000)
    new = bytearray(old)
    new[500_000:505_000] = bytes([2]) * 5_000
    new[100:1_000_000:50_000] = bytes([3]) * 20
    began = time.perf_counter()
    body = codec.stretches(codec.changes(old, bytes(new)))
    compared = time.perf_counter()
    packed = codec.snapshot(bytes(new))
    ended = time.perf_counter()
    print(f"delta {len(body):,} B in {1e3 * (compared - began):.1f} ms;", end=" ")
    print(f"snapshot {len(packed):,} B in {1e3 * (ended - compared):.1f} ms")
    states = bytearray(old)
    codec.apply(states, body)
    assert states == new
    assert len(body) < 5_200
    assert len(packed) < 20_000
