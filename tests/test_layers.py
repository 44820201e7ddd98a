"""The house has floors; imports go down. docs/house.md is drawn from this table:
``python -m tests.test_layers > docs/house.md``."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jupyter_datum

PACKAGE = Path(jupyter_datum.__file__).parent

#: Room -> floor. The longest matching name counts.
FLOORS = {
    "errors": 1,
    "states": 1,
    "locks": 1,
    "undebugged": 1,
    "words": 1,
    "datum": 2,
    "devices": 2,
    "resources": 2,
    "project": 2,
    "settings": 2,
    "events": 3,
    "registry": 4,
    "outputs": 3,
    "hashing": 3,
    "remote": 3,
    "results": 3,
    "inputs": 4,
    "transform": 4,
    "state": 4,
    "ledger": 4,
    "outputs.publish": 5,
    "lineage": 5,
    "outcomes": 5,
    "engines": 5,
    "runner": 6,
    "server": 6,
    "": 7,
    "flow": 7,
    "notebook": 8,
    "cli": 8,
}
#: The one deferred import that runs upward: IPython asks the package's face for its hook.
UPWARD = {("", "notebook")}
FOREIGN = {
    "IPython",
    "distributed",
    "fsspec",
    "ipyparallel",
    "joblib",
    "jupyter_client",
    "jupyter_core",
    "jupyter_server",
    "nbformat",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "sqlalchemy",
    "tornado",
    "traitlets",
}


def room(module: str) -> str:
    parts = module.split(".")
    while parts and ".".join(parts) not in FLOORS:
        parts.pop()
    return ".".join(parts)


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(module: str, path: Path) -> Iterator[str]:
    """Names inside the package that `path` imports, wherever in the file."""
    here = module.split(".") if module else []
    folder = here if path.name == "__init__.py" else here[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder[: len(folder) - node.level + 1]
            base += node.module.split(".") if node.module else []
            for name in node.names:
                deeper = ".".join([*base, name.name])
                yield (
                    deeper
                    if (PACKAGE / deeper.replace(".", "/")).with_suffix(".py").exists()
                    or (PACKAGE / deeper.replace(".", "/")).is_dir()
                    else ".".join(base)
                )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jupyter_datum"):
            yield (node.module or "").removeprefix("jupyter_datum").lstrip(".")


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda x: str(x) or "__init__")
def test_imports_go_down(module: str, path: Path) -> None:
    for imported in imports(module, path):
        here, there = room(module), room(imported)
        if here != there and (here, there) not in UPWARD:
            assert FLOORS[there] <= FLOORS[here], f"{module} imports {imported}: it climbs"


@pytest.mark.parametrize(
    "module",
    [
        "jupyter_datum",
        "jupyter_datum.engines",
        "jupyter_datum.engines.worker",
        "jupyter_datum.inputs",
        "jupyter_datum.registry",
        "jupyter_datum.ledger.queries",
        "jupyter_datum.runner.loop",
        "jupyter_datum.state",
        "jupyter_datum.transform.recipe",
    ],
)
def test_the_core_imports_nothing_foreign(module: str) -> None:
    """A worker imports the core for each process it starts: it must stay light."""
    code = f"import sys, {module}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert FOREIGN & set(done.stdout.split()) == set()


def test_modules_stay_small() -> None:
    long = {m: n for m, p in modules() if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def house() -> str:
    """Return docs/house.md: each room's floor, and the rooms it imports."""
    uses: dict[str, set[str]] = {}
    for module, path in modules():
        here = room(module)
        there = {room(name) for name in imports(module, path)} - {here}
        uses.setdefault(here, set()).update(there)
    text = [
        "# The house",
        "",
        "Imports go down only; `tests/test_layers.py` holds them to it, and draws this page:",
        "`python -m tests.test_layers > docs/house.md`.",
        "",
        "| floor | room | imports |",
        "| --- | --- | --- |",
    ]
    for floor in sorted(set(FLOORS.values()), reverse=True):
        for name in sorted(n for n, f in FLOORS.items() if f == floor and n in uses):
            used = ", ".join(f"`{other or 'jupyter_datum'}`" for other in sorted(uses[name]))
            text.append(f"| {floor} | `{name or 'jupyter_datum'}` | {used} |")
    return "\n".join(text) + "\n"


def test_the_drawing_of_the_house_is_true() -> None:
    page = PACKAGE.parent / "docs" / "house.md"
    assert page.read_text() == house(), "python -m tests.test_layers > docs/house.md"


if __name__ == "__main__":
    sys.stdout.write(house())
