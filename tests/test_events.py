"""Frames: what is written is what is read, whole or not at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_datum.errors import FrameError
from jupyter_datum.events import (
    Begun,
    Done,
    Failed,
    Failure,
    InputFile,
    LogSegment,
    OutputFile,
    Record,
    Result,
    frame,
    frames,
    outcomes,
)

_small = st.integers(0, 2**40)
_bytes = st.binary(max_size=12)
_inputs = st.lists(
    st.builds(InputFile, st.text(), _bytes, _small, _small, _small, _small, _bytes), max_size=2
).map(tuple)
_outputs = st.lists(st.builds(OutputFile, st.text(), _bytes, _small, _bytes), max_size=2).map(tuple)
_logs = st.none() | st.builds(LogSegment, _small, _small, _small)
_upstream = st.lists(_small, max_size=2).map(tuple)
_begun = st.builds(Begun, _small, _small, _small, _small, st.floats(0, 1e9))
_done = st.builds(
    Done, _small, _small, _bytes, _small, _small, _small, st.floats(0, 1e9), st.floats(0, 1e9),
    _inputs, _outputs, st.none() | st.builds(Result, st.just("json"), _bytes, _small), _logs,
    st.none() | st.dictionaries(st.text(), _small, min_size=1, max_size=2), st.booleans(),
    st.none() | st.binary(min_size=16, max_size=16),
    st.none() | st.builds(Result, st.just("mime"), _bytes, _small), _upstream,
)  # fmt: skip
_failed = st.builds(
    Failed, _small, _small, _bytes, _small, _small, _small, st.floats(0, 1e9), st.floats(0, 1e9),
    _inputs,
    st.builds(Failure, *[st.text(max_size=9)] * 6, st.booleans(), st.booleans()),
    _logs, _outputs, _upstream, st.none() | st.builds(Result, st.just("mime"), _bytes, _small),
)  # fmt: skip
_records = st.lists(_begun | _done | _failed, max_size=8)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of theirs
@given(_records, st.integers(0, 40))
def test_records_come_back_as_they_went_and_a_torn_one_not_at_all(
    records: list[Record], torn: int
) -> None:
    data = b"".join(map(frame, records))
    assert [record for record, _ in frames(data)] == records
    cut = data[: max(0, len(data) - torn)] if torn else data
    whole = [record for record, _ in frames(cut)]
    assert whole == records[: len(whole)]
    found, stop = outcomes(cut)
    last = [whole[-1]] if whole and isinstance(whole[-1], Begun) else []
    assert found == [r for r in whole if not isinstance(r, Begun)] + last
    assert stop == sum(len(frame(record)) for record in whole)
    for record in found:
        if isinstance(record, Done):
            assert all(type(each) is InputFile for each in record.inputs)
            assert record.result is None or type(record.result) is Result


def test_a_damaged_frame_is_an_error_wherever_it_is_damaged() -> None:
    data = frame(Begun(1, 1, 1, 1, 0.0))
    for at in range(len(data)):
        harmed = bytearray(data)
        harmed[at] ^= 0x55
        try:
            found, _ = outcomes(bytes(harmed))
        except FrameError:
            continue
        assert not found, f"byte {at} was changed, and the record was taken"


def test_a_record_of_a_kind_that_we_do_not_know_is_an_error() -> None:
    from jupyter_datum.events.records import _HEAD, MAGIC, _pack, crc32

    body = _pack((9, 1, 2))
    with pytest.raises(FrameError, match="unknown kind 9"):
        outcomes(_HEAD.pack(MAGIC, len(body), crc32(body)) + body)
