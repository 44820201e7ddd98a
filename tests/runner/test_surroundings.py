"""Results of other versions of a package that the cell uses: real installs, runs and workers."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from jupyter_datum.ledger.environments import environment_of, environments
from jupyter_datum.runner.ask import ask_again
from jupyter_datum.transform.environment import packages_of

from ..story import Story
from .sized import executed, plan, write

LINE = "size -i in/*.txt -o out --workers 1 --keep 1"
BODY = "import toolkit\ndatum.out_file('.v').write_text(toolkit.VERSION)\ntoolkit.VERSION"
ALL = 2
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a version of a package in place of another, as pip does; its module has a name of
    its own."""
    place = tmp_path_factory.mktemp("env") / "site-packages"

    def put(version: str) -> None:
        for old in list(place.glob("*")):
            shutil.rmtree(old)
        (place / "toolkit").mkdir(parents=True)
        (place / "toolkit/__init__.py").write_text(f"VERSION = {version!r}\nclass Thing: ...\n")
        info = place / f"my_tools-{version}.dist-info"
        info.mkdir()
        head = "Metadata-Version: 2.1\nName: my-tools\n"
        (info / "METADATA").write_text(f"{head}Version: {version}\n")
        (info / "RECORD").write_text("toolkit/__init__.py,,\n")

    put("1.0")
    monkeypatch.syspath_prepend(place)
    return put


@pytest.fixture
def made(story: Story, install: Install) -> Story:
    (story.folder / "in").mkdir()
    for i in range(ALL):
        write(story.folder / "in" / f"{i}.txt", "x")
    row = story.run(LINE, BODY)
    assert (row.status, row.success) == ("success", ALL)
    return story


def text(story: Story) -> str:
    return (story.folder / "out" / "0.v").read_text()


def test_another_version_is_said_and_counts_only_if_asked(made: Story, install: Install) -> None:
    strict = f"{LINE} --strict-env"
    assert plan(made, strict, BODY).reasons == {"unchanged": ALL}, "what is recorded counts"
    install("2.0")
    found = plan(made, LINE, BODY)
    assert found.reasons == {"unchanged": ALL}
    assert found.environment == {"my-tools 1.0 -> 2.0": ALL}
    (said,) = [note for note in found.notes if "my-tools 1.0 -> 2.0" in note]
    assert said.startswith("2 results were made with other versions")
    row = made.run(LINE, BODY)
    assert row.skipped == ALL and "my-tools 1.0 -> 2.0" in (row.note or "")
    found = plan(made, strict, BODY)
    assert found.reasons == {"environment changed": ALL}
    assert found.why == ["environment changed: my-tools 1.0 -> 2.0"] * ALL
    assert made.run(f"{strict} --only failed", BODY).skipped == ALL
    assert made.run(f"{strict} --only stale", BODY).success == ALL
    assert text(made) == "2.0", "warm workers hold the former version"
    assert plan(made, strict, BODY).reasons == {"unchanged": ALL}
    install("1.0")
    assert plan(made, strict, BODY).reasons == {"restored from kept results": ALL}
    assert made.run(strict, BODY).success == 0 and text(made) == "1.0"
    assert executed(made) == 2 * ALL
    assert plan(made, strict, BODY).environment == {}


def test_a_kept_result_of_another_version_stays_where_it_is(made: Story, install: Install) -> None:
    strict = f"{LINE} --strict-env"
    write(made.folder / "in" / "0.txt", "changed")
    assert made.run(strict, BODY).success == 1
    install("2.0")
    write(made.folder / "in" / "0.txt", "x")
    assert plan(made, LINE, BODY).reasons == {"restored from kept results": 1, "unchanged": 1}
    found = plan(made, strict, BODY)
    assert found.reasons == {"input changed": 1, "environment changed": 1}


def test_each_run_has_the_versions_that_it_found(made: Story, install: Install) -> None:
    """Also one of the recorded code, which no kernel has looked at again."""
    install("2.0")
    row = made.row(made.latest("size"))
    assert row is not None
    with made.ledger() as conn:
        again, _ = ask_again(conn, made.project, row, {"force": True})
    later = made.end(again)
    with made.ledger() as conn:
        assert environment_of(conn, row.id)[1] == {"my-tools": "1.0"}
        assert environment_of(conn, later.id)[1] == {"my-tools": "2.0"}
        conn.execute("update run set environment = null where id = ?", (row.id,))
        assert environment_of(conn, row.id)[1] == {"my-tools": "1.0"}, "of the code, at its first"
        assert environments(conn, [row.id]) == {}


def test_what_an_older_version_has_made_is_of_unknown_versions(made: Story) -> None:
    with made.ledger() as conn:
        conn.execute("update run set environment = null")
    assert plan(made, LINE, BODY).environment == {}
    found = plan(made, f"{LINE} --strict-env", BODY)
    assert found.environment == {"an environment that was not recorded": ALL}


def test_packages_have_the_names_that_pip_knows(install: Install) -> None:
    assert packages_of({"toolkit", "os", "jupyter_datum", "no_such"}) == {"my-tools": "1.0"}
    assert set(packages_of({"yaml", "numpy"})) == {"PyYAML", "numpy"}


BODIES = {
    "the cell": ("from toolkit import VERSION\nVERSION", ""),
    "a function of the cell": ("def f():\n    import toolkit\nf()", ""),
    "a helper's body": ("f()", "def f():\n    import toolkit"),
    "a helper's globals": ("f()", "import toolkit\ndef f():\n    return toolkit.VERSION"),
    "a value": ("THING", "import toolkit\nTHING = toolkit.Thing()"),
    "a module of the project": ("import own", ""),
}


@pytest.mark.parametrize(("body", "before"), BODIES.values(), ids=BODIES.keys())
def test_what_is_reached_counts(
    story: Story, install: Install, monkeypatch: pytest.MonkeyPatch, body: str, before: str
) -> None:
    monkeypatch.syspath_prepend(story.folder)
    (story.folder / "own.py").write_text("import toolkit\n")
    exec(before, story.namespace)
    assert story.prepare("job -i items([1])", body).recipe.packages == {"my-tools": "1.0"}
