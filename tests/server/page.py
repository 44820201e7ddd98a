"""What a browser does with the stream: keeps states, and says what it has seen."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

from jupyter_datum.server import codec


class Page:
    """One websocket of a page, followed by the book: a gap is an error, not a guess."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.frames: list[tuple[dict[str, Any], int]] = []
        self.states: dict[str, bytearray] = {}
        self.seq: dict[str, int] = {}
        self.counts: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, Any] = {}
        self.workers: dict[str, Any] = {}
        self.clusters: list[Any] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.errors: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        await self._socket.write_message(json.dumps(message))

    def close(self) -> None:
        self._socket.close()

    def lose(self) -> None:
        """Be gone without a word, as with the network."""
        self._socket.protocol.stream.close()

    async def next(self, within: float = 20) -> dict[str, Any]:
        data = await asyncio.wait_for(self._socket.read_message(), within)
        assert isinstance(data, bytes), f"the socket has closed: {data}"
        header, body = codec.parse_frame(data)
        self.frames.append((header, len(body)))
        getattr(self, f"_{header['type']}", lambda *_: None)(header, body)
        return header

    async def until(self, holds: Callable[[], Any], within: float = 30) -> Any:
        """Read on until `holds` gives something."""
        end = time.monotonic() + within
        while not (found := holds()):
            await self.next(end - time.monotonic())
        return found

    async def quiet(self, seconds: float) -> int:
        """Read whatever comes in `seconds`; return how many frames did."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            try:
                await self.next(left)
                count += 1
            except TimeoutError:
                break
        return count

    def kinds(self) -> list[str]:
        return [header["type"] for header, _ in self.frames]

    def _snapshot(self, header: dict[str, Any], body: bytes) -> None:
        states = bytearray(zlib.decompress(body))
        assert len(states) == header["total"]
        self.states[header["run"]] = states
        self.seq[header["run"]] = header["seq"]
        self.counts[header["run"]] = header["counts"]

    def _delta(self, header: dict[str, Any], body: bytes) -> None:
        run = header["run"]
        assert header["seq"] == self.seq[run] + 1, "a gap"
        self.seq[run] = header["seq"]
        states = self.states[run]
        codec.apply(states, body)
        states.extend(bytes(max(0, header["total"] - len(states))))
        self.counts[run] = header["counts"]

    def _groups(self, header: dict[str, Any], body: bytes) -> None:
        self.groups[header["run"]] = json.loads(body)

    def _workers(self, header: dict[str, Any], body: bytes) -> None:
        self.workers[header["run"]] = json.loads(body)

    def _runs(self, header: dict[str, Any], body: bytes) -> None:
        self.runs.update((run["uuid"], run) for run in json.loads(body))

    def _clusters(self, header: dict[str, Any], body: bytes) -> None:
        self.clusters = json.loads(body)

    def _error(self, header: dict[str, Any], body: bytes) -> None:
        self.errors.append(header)
