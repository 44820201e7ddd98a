"""Parquet tables: rows as they stand, and parts that a worker reads by row groups.

What is in a row group is told by a digest of its bytes; behind a URL, where all of it would
have to come for that, by what the store says of the whole file: only its footer is read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from ..events import Stat
from ..hashing import is_racy, stat_of
from .needed import needed
from .tables import Loaded, Part, Row, Table, TableFile, unreadable

#: Rows decoded at once.
_ROWS: Final = 8_192
_BLOCK: Final = 1 << 20
#: Row groups whose digests are known at once: the chunks of a file come in order.
_DIGESTS: Final = 64
#: Bytes of decoded row groups that a worker keeps for the next chunk.
_HELD: Final = 512 << 20


class ParquetTable(Table):
    """A Parquet file.

    Parameters
    ----------
    path : Path or UrlFile
    label : str
    """

    def __init__(self, path: TableFile, label: str) -> None:
        super().__init__(label)
        self.path = path

    def open(self) -> Any:
        """Open the file.

        Raises
        ------
        InputError
            If it cannot be read, or pyarrow is missing.
        OSError
            If a store does not give it.
        """
        parquet = needed("pyarrow.parquet", "to read Parquet")
        far = not isinstance(self.path, Path)
        try:
            # By range: what is wanted of a group is asked for together.
            return parquet.ParquetFile(
                self.path if isinstance(self.path, Path) else self.path.ranges(), pre_buffer=far
            )
        except ValueError as exc:
            raise unreadable(self.path, exc) from exc
        except OSError as exc:
            if far:  # another try may help
                raise
            raise unreadable(self.path, exc) from exc

    def columns(self) -> list[str]:
        with self.open() as file:
            return list(file.schema_arrow.names)

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        with self.open() as file:
            for batch in file.iter_batches(batch_size=_ROWS, columns=columns):
                yield from batch.to_pylist()

    def parts(self, size: int, columns: list[str] | None = None) -> Iterator[Part]:
        """Yield parts; a `size` of 0 means the row groups as they are."""
        content = self._now()[-1]  # before the footer: what comes in between is noticed
        with self.open() as file:
            groups = _Groups(file, self.path, columns, content)
            if not size:
                yield from (
                    Part(start, n, groups.spec(start, n)) for start, n in groups.extents() if n
                )
                return
            for start in range(0, groups.total, size):
                n = min(size, groups.total - start)
                yield Part(start, n, groups.spec(start, n))

    def load(self, spec: Mapping[str, Any]) -> Loaded:
        start, count = int(spec["start"]), int(spec["count"])
        held = self._held(spec.get("columns"))
        if held.groups.spec(start, count)["digest"] != spec["digest"]:
            raise self.changed()
        first, wanted = held.groups.around(start, count)
        if held.wanted != wanted:
            with self.open() as file:
                table = file.read_row_groups(wanted, columns=spec.get("columns"))
            if self._now() != held.key[1]:
                raise self.changed()
            held.table, held.wanted = table, wanted
        found = Loaded(arrow=held.table.slice(start - first, count))
        if held.table.nbytes > _HELD:
            held.table, held.wanted = None, None
        return found

    def _held(self, columns: list[str] | None) -> _Held:
        """What this process has read of the file last, if it is that file still."""
        now = self._now()
        key = (str(self.path), now, tuple(columns or ()))
        held = _LAST.get("held")
        racy = isinstance(now[0], Stat) and held is not None and is_racy(now[0], held.looked)
        if held is None or held.key != key or racy:
            with self.open() as file:
                held = _Held(key, time.time_ns(), _Groups(file, self.path, columns, now[-1]))
            _LAST["held"] = held
        return held

    def _now(self) -> tuple[Stat | None, bytes | None]:
        """What tells that the file is unchanged; behind a URL the content as a whole, too."""
        if not isinstance(self.path, Path):
            return None, self.path.content()
        try:
            return stat_of(os.stat(self.path)), None
        except OSError as exc:
            raise unreadable(self.path, exc) from exc


class _Held:
    """The file that a worker reads chunks of, with the groups that it has decoded last.

    A chunk is often a small part of its group, and one worker gets many of them.
    """

    def __init__(self, key: tuple[Any, ...], looked: int, groups: _Groups) -> None:
        self.key = key
        self.looked = looked
        self.groups = groups
        self.wanted: list[int] | None = None
        self.table: Any = None


#: Of this process: one file at a time.
_LAST: Final[dict[str, _Held]] = {}


class _Groups:
    """The row groups of a file, and the digests of the bytes that hold their columns; or what
    tells them where `content` tells the whole file."""

    def __init__(
        self, file: Any, path: TableFile, columns: list[str] | None, content: bytes | None
    ) -> None:
        self._content = content
        self._meta = file.metadata
        self._path = path
        self._columns = columns
        self._schema = str(file.schema_arrow.remove_metadata())
        self._digests: dict[int, bytes] = {}
        sizes = [self._meta.row_group(i).num_rows for i in range(self._meta.num_row_groups)]
        self._starts = [0]
        for size in sizes:
            self._starts.append(self._starts[-1] + size)

    @property
    def total(self) -> int:
        """Rows of the file."""
        return self._starts[-1]

    def extents(self) -> list[tuple[int, int]]:
        """First row and number of rows of each group."""
        return [(a, b - a) for a, b in zip(self._starts, self._starts[1:], strict=False)]

    def around(self, start: int, count: int) -> tuple[int, list[int]]:
        """Return the groups that hold some rows, and the number of the first row of these."""
        wanted = [
            i
            for i, (first, n) in enumerate(self.extents())
            if n and first < start + count and start < first + n
        ]
        return (self._starts[wanted[0]] if wanted else 0), wanted

    def spec(self, start: int, count: int) -> dict[str, Any]:
        """Return what tells a stretch of rows, and a digest of all that it is made from."""
        first, wanted = self.around(start, count) if count else (0, [])
        hasher = blake3(f"{self._schema} {start - first} {count}".encode())
        for group in wanted:
            hasher.update(self._digest(group))
        spec = {"start": start, "count": count, "digest": hasher.hexdigest(length=16)}
        return {**spec, "columns": self._columns} if self._columns else spec

    def _digest(self, group: int) -> bytes:
        if self._content is not None or not isinstance(self._path, Path):
            return b"%d " % group + (self._content or b"")
        if group not in self._digests:
            hasher = blake3()
            with self._path.open("rb") as raw:
                for start, length in sorted(self._chunks(group)):
                    raw.seek(start)
                    while length and (data := raw.read(min(_BLOCK, length))):
                        hasher.update(data)
                        length -= len(data)
            if len(self._digests) >= _DIGESTS:
                self._digests.pop(next(iter(self._digests)))
            self._digests[group] = hasher.digest()
        return self._digests[group]

    def _chunks(self, group: int) -> Iterator[tuple[int, int]]:
        """Where the wanted columns of a group lie in the file."""
        row_group = self._meta.row_group(group)
        for i in range(row_group.num_columns):
            column = row_group.column(i)
            name = column.path_in_schema.partition(".")[0]
            if self._columns is None or name in self._columns:
                dictionary = column.dictionary_page_offset
                start = column.data_page_offset
                start = min(start, dictionary) if dictionary else start
                yield start, column.total_compressed_size


def write_parquet(table: Any, path: Path) -> None:
    """Write an Arrow table, a group of rows at a time."""
    parquet = needed("pyarrow.parquet", "to keep a table of the kernel")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        parquet.write_table(table, part, row_group_size=65_536)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
