"""``python -m jupyter_datum.transform.optionpage`` prints the page ``docs/options.md``."""

from __future__ import annotations

from typing import Final

from .options import OF_THE_RUN
from .optiontable import OPTIONS, Option

#: Title -> options under it.
GROUPS: Final = {
    "What goes in, what comes out": ("input", "output", "schema", "keep", "shell", "batch"),
    "Where it runs": ("engine", "workers", "give_back", "threads", "gpus"),
    "When datums fail": (
        "tries", "timeout", "backoff", "on_error", "recover", "no_probe",
        "max_datums_per_worker", "memory_limit",
    ),
    "Which datums run": ("only", "force", "sample", "plan", "background"),
    "What counts as changed": (
        "depends", "versions", "strict_env", "equivalent", "replace_edited", "prune",
        "large_payload",
    ),
}  # fmt: skip

_HEAD: Final = """# The options of a cell

Made by `python -m jupyter_datum.transform.optionpage > docs/options.md` from the table that magic,
command line and help share; a test compares the two.

```python
%%datum thumbs -i "images/**/*.jpg" -o thumbs --engine dask --timeout 30s
```

The same may stand under the first line, in JupyterLab's form for marked cells, or in the cell's
metadata (`{"datum": {"name": "thumbs", "engine": "dask"}}`):

```python
%%datum thumbs -i "images/**/*.jpg"
#| engine: dask
#| timeout: 30s
```

Times are `500ms`, `30s`, `5min`, `2h`; sizes `500MB`, `2GB`. A † marks what holds for one execution
alone: everything else belongs to the transform, and counts for *Retry* too."""


def render() -> str:
    """Return the page."""
    by_field = {option.field: option for option in OPTIONS}
    lines = [_HEAD]
    for title, fields in GROUPS.items():
        lines += ["", f"## {title}", "", "| option | key | what it does |", "| --- | --- | --- |"]
        lines += [_row(by_field[field]) for field in fields]
    return "\n".join(lines) + "\n"


def _row(option: Option) -> str:
    mark = " †" if option.field in OF_THE_RUN else ""
    flags = ", ".join(f"`{_cell(f'{flag} {option.metavar}'.strip())}`" for flag in option.flags)
    return f"| {flags}{mark} | `{option.field.replace('_', '-')}` | {_cell(option.help)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(render(), end="")
