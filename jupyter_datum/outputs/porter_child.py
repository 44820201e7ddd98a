"""``python -m jupyter_datum.outputs.porter_child URL``: write to a store what standard input asks.

See :mod:`.porter`. Requests are carried out one after the other, each by some threads.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import IO, Any, Final

import msgpack

from ..errors import DatumError
from ..remote import Entry, Store
from ..remote.store import entry_of
from .porter import HEAD, read_message

#: Objects at work at a time.
_AT_ONCE: Final = 16
#: Tags that each object is written with.
HASH: Final = "datum-hash"
ATTEMPT: Final = "datum-attempt"
_SAID: Final = (FileNotFoundError, PermissionError)


class Child:
    """Carries out requests.

    Parameters
    ----------
    url : str
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._store: Store | None = None
        self._threads = ThreadPoolExecutor(_AT_ONCE)

    def answers(self, what: str, rows: list[Any]) -> Iterator[Any]:
        """Yield what is to be said to a request."""
        store = self._opened()
        if what == "list":
            yield from self._listed(store)
            yield []
            return
        if what == "check":
            store.check()
            yield True
            return
        does: dict[str, Callable[[Any], Any]] = {
            "look": lambda rel: _seen(store.look(rel)),
            "put": lambda row: _put(store, *row),
            "remove": store.remove,
        }
        yield list(self._threads.map(does[what], rows))

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store(self._url)
        return self._store

    def _listed(self, store: Store) -> Iterator[list[tuple[bytes, int, int]]]:
        for page in store.walk() if store.is_there() else ():
            entries = [entry_of(rel, info) for rel, info in page]
            yield [(entry.rel, entry.stat.size, entry.stat.inode) for entry in entries]


def _put(store: Store, source: bytes, rel: bytes, digest: bytes, attempt: str) -> Any:
    entry = store.put(source, rel, {HASH: digest.hex(), ATTEMPT: attempt})
    return entry.stat.size, entry.stat.inode, digest


def _seen(found: tuple[Entry, Any] | None) -> tuple[int, int, bytes] | None:
    if found is None:
        return None
    entry, tags = found
    try:
        digest = bytes.fromhex(tags.get(HASH, ""))
    except ValueError:
        digest = b""
    return entry.stat.size, entry.stat.inode, digest


def main(url: str) -> int:
    """Answer until standard input ends."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: Queue[bytes] = Queue()
    stream = os.fdopen(os.dup(0), "rb")
    threading.Thread(target=_read, args=(stream, requests), daemon=True).start()
    child = Child(url)
    while True:
        what, rows = msgpack.unpackb(requests.get())
        try:
            for answer in child.answers(what, rows):
                _say(out, "ok", answer)
        except Exception as exc:
            _say(out, *_told(exc))


def _told(exc: Exception) -> tuple[str, str]:
    if not isinstance(exc, OSError | DatumError):
        traceback.print_exc()
    kind = next((type_.__name__ for type_ in _SAID if isinstance(exc, type_)), "OSError")
    return kind, str(exc) or type(exc).__name__


def _say(out: IO[bytes], kind: str, answer: Any) -> None:
    body = msgpack.packb([kind, answer])
    out.write(HEAD.pack(len(body)) + body)
    out.flush()


def _read(stream: IO[bytes], requests: Queue[bytes]) -> None:
    """Hand on requests; end at once with who asks: nobody may write for a dead runner."""
    while (body := read_message(stream)) is not None:
        requests.put(body)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
