"""What README and docs say is true of the code: links lead somewhere, each block can be read by
what it is meant for, each command, verb and option that is named is there."""

from __future__ import annotations

import configparser
import itertools
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from jupyter_datum.cli.page import commands
from jupyter_datum.cli.parser import make_parser
from jupyter_datum.notebook.looks import LOOKS, _Parser
from jupyter_datum.notebook.verbs import VERBS
from jupyter_datum.notebook.watch import watch_words
from jupyter_datum.transform.cell import Cell
from jupyter_datum.transform.optionline import parse_line, split
from jupyter_datum.transform.optiontable import BY_FLAG

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "binder/README.md",
     *(ROOT / "docs").rglob("*.md")]
)  # fmt: skip
#: Pages that tell what was, or of other programs: an option on them need not be ours.
OF_OTHERS = ("CHANGELOG.md", "benchmarks.md", "coming-from.md")
#: Options on our pages that are another program's, or that no person writes.
THEIRS = {
    "--user", "--prefix", "--now", "--config-dir", "--retries", "--enable-linger", "--n-jobs",
    "--backend", "--marked", "--cwd", "--data-dir",
}  # fmt: skip


class Block(NamedTuple):
    """A fenced block."""

    page: str
    line: int
    kind: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield Block(page.name, text[: found.start()].count("\n") + 1, found[1], found[2])


BLOCKS = list(itertools.chain.from_iterable(map(blocks, PAGES)))
SHOWN = [f"{block.page}:{block.line}" for block in BLOCKS]


def cells(text: str) -> list[str]:
    """A block of Python as cells: each `%%` line begins one."""
    return [cell for cell in re.split(r"^(?=%%)", text, flags=re.M) if cell.strip()]


def heading_id(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# -- links -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"https?://[\w.-]+\.\w+", target):
            continue
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (
            anchor
            and anchor not in map(heading_id, re.findall(r"^#+ (.*)", file.read_text(), re.M))
        ):
            broken.append(target)
    named = re.findall(r"\b(docs/[\w/-]+\.(?:md|png|svg))", text)
    broken += [name for name in named if not (ROOT / name).exists()]
    assert broken == []


def test_the_table_of_contents_names_each_page() -> None:
    contents = (ROOT / "docs" / "README.md").read_text()
    linked = set(re.findall(r"\]\(([\w/-]+\.md)[#)]", contents))
    there = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert there - linked == set()


# -- blocks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS, ids=SHOWN)
def test_each_block_can_be_read(block: Block) -> None:
    if block.kind == "json":
        json.loads(block.text)
    elif block.kind == "toml":
        tomllib.loads(block.text)
    elif block.kind == "ini":
        configparser.ConfigParser().read_string(block.text)
    elif block.kind == "python" or block.text.startswith("%%datum"):
        for cell in cells(block.text):
            check_cell(cell)
    elif block.kind in ("", "bash", "console", "cron"):
        for line in block.text.splitlines():
            check_line(line)
    else:
        assert block.kind in ("js", "ts", "text", "mermaid", "yaml")


def check_cell(cell: str) -> None:
    """A cell has options that there are, and a body that is Python."""
    first, _, body = cell.partition("\n")
    if first.startswith("%%datum "):
        if not parse_line(first.removeprefix("%%datum "), body).shell:
            Cell(body).tree()
        return
    lines = cell.splitlines() if not first.startswith("%%") else body.splitlines()
    for line in lines:
        check_line(line)
    Cell("\n".join("pass" if line.startswith("%") else line for line in lines)).tree()


def check_line(line: str) -> None:
    """A command or a line magic of ours is one that there is, with what it takes."""
    line = re.sub(r"\s+#.*", "", line.removeprefix("$ "))
    if found := re.search(r"(?:^|/)jupyter datum (.*?)(?:$| >| \|)", line):
        if "[" not in found[1]:
            make_parser().parse_args(shlex.split(found[1]))
    elif line.startswith("%datum"):
        check_verb(split(line)[1:])


def check_verb(words: list[str]) -> None:
    verb = words[0] if words else "status"
    assert verb in VERBS, verb
    if verb in LOOKS:
        parser = _Parser(prog=f"%datum {verb}", add_help=False)
        LOOKS[verb].takes(parser)
        parser.parse_args(words[1:])
    elif verb == "watch":
        watch_words(words[1:])


# -- what is named in the text ---------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_verb_and_option_that_is_named_is_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    quoted = re.findall(r"`([^`\n]+)`", text)
    known = commands(make_parser())
    for words in quoted:
        if found := re.match(r"jupyter datum ([a-z-]+)", words):
            assert found[1] in known, words
        if found := re.match(r"%datum ([a-z][a-z-]*)", words):
            assert found[1] in VERBS, words
    if page.name in OF_OTHERS:
        return
    ours = {flag for parser, _ in known.values() for flag in parser._option_string_actions}
    for words in quoted:
        for flag in re.findall(r"(?:^|[ \[])(--[a-z][a-z-]+)", words):
            assert flag in ours | set(BY_FLAG) | THEIRS, words
