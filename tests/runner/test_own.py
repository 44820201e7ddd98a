"""A file of the user's own in the output folder, where the pattern of the input reaches."""

from __future__ import annotations

from jupyter_datum.runner.preview import preview

from ..story import Story

BODY = "datum.out_file('.txt').write_text('made')"


def notes(story: Story, line: str) -> list[str]:
    prepared = story.prepare(line, BODY, counted=False)
    with story.ledger() as conn:
        found = preview(conn, story.project, prepared.recipe, {"only": []})
    return [note for note in found.notes if "output folder" in note]


def test_it_is_counted_in_the_plan_and_is_no_input(story: Story) -> None:
    (story.folder / "a.txt").write_text("a")
    line = "x -i **/*.txt -o made"
    assert story.run(line, BODY).success == 1
    assert not notes(story, line), "what a datum has made is nothing to say"
    for name in ("mine.txt", "deep/mine.txt", "mine.csv", ".hidden.txt"):
        (story.folder / "made" / name).parent.mkdir(exist_ok=True)
        (story.folder / "made" / name).write_text("mine")
    (note,) = notes(story, line)
    assert note.startswith("2 files under ") and "deep/mine.txt" in note and "csv" not in note
    assert "What lies in the output folder is no input: put it elsewhere" in note
    assert story.run(line, BODY).total == 1
    assert not notes(story, "y -i *.txt -o made"), "the pattern does not reach there"
    assert len(notes(story, "z -i cross('**/*.txt',[1]) -o made")) == 1
