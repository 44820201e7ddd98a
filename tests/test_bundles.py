"""The check of the built parts finds one that is too large, and a build that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import bundles

ENTRY = '{"./index":()=>n.e(698).then(()=>()=>n(5)),"./style":()=>n.e("39").then(()=>()=>n(6))}'


def build(folder: Path, **kib: int) -> Path:
    (folder / "remoteEntry.0a.js").write_text(ENTRY)
    parts = {"698": b"index", "39": b"style", "255": b"a tab", "314": b"{rankdir:1}"}
    for part, text in parts.items():
        noise = os.urandom(1024 * kib.get(f"_{part}", 1))
        (folder / f"{part}.0f.js").write_bytes(text + noise)
    return folder


def test_sizes_of_all_parts(tmp_path: Path) -> None:
    lines, large = bundles.look(build(tmp_path, _698=50, _255=39, _314=24))
    assert [line.split()[-1] for line in lines] == ["start", "styles", "255", "lineage"]
    assert large == []


@pytest.mark.parametrize(
    ("part", "name"), [("_698", "start"), ("_39", "styles"), ("_314", "lineage")]
)
def test_what_is_too_large_is_named(
    part: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, **{part: 61})
    assert bundles.main([str(tmp_path)]) == 1
    assert f"too large, gzipped: {name}" in capsys.readouterr().out


def test_a_build_for_development_is_refused(tmp_path: Path) -> None:
    (build(tmp_path) / "remoteEntry.0a.js").write_text('__webpack_require__.e("lib_index_js")')
    with pytest.raises(ValueError, match="no production build"):
        bundles.first(tmp_path)
