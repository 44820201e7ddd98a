"""The user's own settings: what they mean, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_datum.errors import UsageError
from jupyter_datum.settings import (
    Defaults,
    History,
    Limits,
    ahead,
    cache_size,
    check,
    defaults,
    history,
    idle_seconds,
    limits,
    settings_file,
    table,
)
from jupyter_datum.settings.edit import change, said
from jupyter_datum.settings.units import size

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
    assert (defaults(), limits(), idle_seconds()) == (Defaults(), Limits(60.0, 60.0), 600.0)
    assert (cache_size(), ahead()) == (None, 10_000)


def test_each_of_them_is_read(settings: Path) -> None:
    settings.write_text('[history]\nruns = 3\nkeep_days = 0.5\nkeep_size = "1.5MB"\n')
    assert history() == History(3, 43_200.0, 3 << 19)
    settings.write_text("[history]\nkeep_size = 0\n")
    assert history() == History(keep_bytes=0)
    assert size(" 20 GiB ") == 20 << 30
    settings.write_text(
        '[defaults]\nengine = "dask"\nworkers = 3\n[runner]\nidle = "2min"\n'
        '[cache]\nsize = "1KB"\n[limits]\nstart = 5\nahead = 7\nlog = "4KB"\n'
    )
    assert (defaults(), limits()) == (Defaults("dask", 3), Limits(5.0, 60.0, 4096))
    assert (idle_seconds(), cache_size(), ahead()) == (120.0, 1024, 7)


def test_the_environment_stands_over_the_file(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.write_text('[runner]\nidle = "2min"\n')
    monkeypatch.setenv("JUPYTER_DATUM_IDLE_SECONDS", "0.5")
    monkeypatch.setenv("JUPYTER_DATUM_CACHE_SIZE", "3MB")
    monkeypatch.setenv("JUPYTER_DATUM_AHEAD", "4")
    assert (idle_seconds(), cache_size(), ahead()) == (0.5, 3 << 20, 4)
    monkeypatch.setenv("JUPYTER_DATUM_IDLE_SECONDS", "soon")
    with pytest.raises(UsageError, match=r"JUPYTER_DATUM_IDLE_SECONDS is a time .* not 'soon'"):
        idle_seconds()


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
        ("[runner]\nidle = 'soon'", r"\[runner\]: idle is a time as 30s, 5min or 2h, not 'soon'"),
        ("[defaults]\nworkers = 0", "workers is 0, and must be a whole number from 1 on"),
        ("[limits]\nbegin = 3", "begin is not known; there are: ahead, start, travel"),
    ],
)
def test_mistakes(settings: Path, text: str, said: str) -> None:
    settings.write_text(text)
    with pytest.raises(UsageError, match=said):
        check()


def test_others_may_not_write_it(settings: Path) -> None:
    settings.write_text("[history]\nruns = 3")
    settings.chmod(0o666)
    with pytest.raises(UsageError, match="chmod go-w"):
        history()


WRITTEN = """# mine
[engines.big]
kind = "dask"            # the big one
address = "tcp://login-1:8786"

[history]  # of all
runs = 5   # enough
keep_size = "1GB"
"""


def test_a_value_is_changed_and_all_else_stays_as_it_was_written(settings: Path) -> None:
    settings.write_text(WRITTEN)
    settings.chmod(0o640)
    change({"historyRuns": 7, "idle": "30s", "keepDays": 2})
    assert settings.read_text() == (
        WRITTEN.replace("[history]  # of all", "[history]  # of all\nkeep_days = 2").replace(
            "runs = 5 ", "runs = 7 "
        )
        + '\n[runner]\nidle = "30s"\n'
    )
    assert settings.stat().st_mode & 0o777 == 0o640
    assert said() == {"historyRuns": 7, "keepDays": 2, "keepSize": "1GB", "idle": "30s"}
    change({"idle": None, "historyRuns": None, "keepDays": None, "cacheSize": None})
    assert said() == {"keepSize": "1GB"} and idle_seconds() == 600
    assert table("engines")["big"]["address"] == "tcp://login-1:8786"


def test_the_first_value_makes_the_file(settings: Path) -> None:
    settings.parent.rmdir()
    change({"engine": "dask"})
    assert settings.read_text() == '[defaults]\nengine = "dask"\n'
    assert settings.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    settings.symlink_to(tmp_path / "dotfiles" / "datum.toml")
    change({"workers": 3})
    assert settings.is_symlink() and defaults() == Defaults(workers=3)


@pytest.mark.parametrize(
    ("text", "values", "says"),
    [
        ("", {"workers": -1}, "workers is -1"),
        ("", {"idle": "soon"}, "idle is a time as 30s"),
        ("history = {runs = 3}\n", {"historyRuns": 4}, "write runs = 4 under \\[history\\]"),
        ("runner.idle = '3s'\n", {"idle": None}, "take idle out of it"),
        ('a = """\n[history]\nruns = 3\n"""\n', {"historyRuns": 4}, "only its author"),
        ("[history", {"historyRuns": 4}, "cannot be read"),
    ],
)
def test_what_cannot_be_changed_stays_as_it_was(
    settings: Path, text: str, values: dict[str, object], says: str
) -> None:
    settings.write_text(text)
    with pytest.raises(UsageError, match=says):
        change(values)
    assert settings.read_text() == text
    assert [path.name for path in settings.parent.iterdir()] == [settings.name]


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
