"""The user's own settings: what they mean, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.settings import History, history, parse_size, settings_file, table

from .story import Story, eventually


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    return settings_file()


def test_without_a_file_everything_has_its_default(settings: Path) -> None:
    assert history() == History() == History(20, 90 * 86_400.0, 20 * 10**9)
    assert table("engines") == {}


def test_each_of_them_is_read(settings: Path) -> None:
    settings.write_text('[history]\nruns = 3\nkeep_days = 0.5\nkeep_size = "1.5MB"\n')
    assert history() == History(3, 43_200.0, 3 << 19)
    settings.write_text("[history]\nkeep_size = 0\n")
    assert history() == History(keep_bytes=0)
    assert parse_size(" 20 GiB ", "x") == 20 << 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[history]\nruns = 0", r"\[history\]: runs is 0, and must be a whole number from 1 on"),
        ("[history]\nruns = true", "runs is True"),
        ("[history]\nkeep_days = -1", "keep_days is -1, and must be a number of days"),
        ("[history]\nkeep_days = nan", "keep_days is nan"),
        ("[history]\nkeep_size = 'much'", "keep_size is a size as 500MB or 20GB, not 'much'"),
        ("[history]\nrun = 3", "run is not known; there are: runs, keep_days, keep_size"),
        ("history = 3", r"history must be a table; tables begin with \[history\]"),
        ("[history", "cannot be read"),
    ],
)
def test_mistakes(settings: Path, text: str, said: str) -> None:
    settings.write_text(text)
    with pytest.raises(UsageError, match=said):
        history()


def test_others_may_not_write_it(settings: Path) -> None:
    settings.write_text("[history]\nruns = 3")
    settings.chmod(0o666)
    with pytest.raises(UsageError, match="chmod go-w"):
        history()


def test_runs_fold_and_versions_go_as_they_say(settings: Path, story: Story) -> None:
    settings.write_text("[history]\nruns = 2\nkeep_size = 0\n")
    (story.folder / "a.txt").write_text("a")
    body = "datum.out_file('.x').write_text('{}')\nassert {}"
    for number in range(5):
        story.run("job -i a.txt -o out --workers 1 --tries 1 --keep 3", body.format(number, 0))
        story.run("job -i a.txt -o out --workers 1 --tries 1 --keep 3", body.format(number, 1))

    def attempts() -> int:
        with story.ledger() as conn:
            return int(conn.execute("select count(distinct run) from attempt").fetchone()[0])

    def stored() -> list[Path]:
        return [path for path in (story.project.dir / "store").rglob("*") if path.is_file()]

    assert eventually(lambda: attempts() == 1, within=20), "of the newest two runs one failed"
    assert eventually(lambda: stored() == [], within=20)
    with story.ledger() as conn:
        days = conn.execute("select sum(executions), sum(failed) from daily").fetchone()
    assert days == (10, 5)
    settings.write_text("[history]\nruns = -2\n")
    with pytest.raises(AssertionError, match=r"runs is -2"):
        story.run("job -i a.txt -o out --workers 1", body.format(7, 1))
