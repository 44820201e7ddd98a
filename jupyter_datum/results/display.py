"""What a cell displays, as MIME bundles, without IPython.

Objects say how they look by methods of their own (``_repr_html_`` and the like): a worker
need not import anything to ask them. Each output has a text, and the richer forms as far
as there is room. Nothing about looks ever fails a datum.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import reprlib
import sys
from collections.abc import Iterable
from typing import Any, Final

from .encode import figure_of

#: Bytes kept of all that one datum displays, and of each text.
LIMIT: Final = 10 << 20
TEXT: Final = 64 << 10
#: Outputs of one datum; what a loop displays beyond is counted.
OUTPUTS: Final = 100

_METHODS: Final = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
}
#: A kernel's widgets live in that kernel: their views are nothing without it.
_USELESS: Final = frozenset({"application/vnd.jupyter.widget-view+json"})

Output = dict[str, Any]

#: What the datum at work has displayed so far.
SHOWN: Final[list[Output]] = []


def display(*objects: Any, **options: Any) -> None:
    """Show objects beside the datum: what ``display`` means in a cell that workers run.

    ``raw=True`` takes MIME bundles as they are; ``clear=True`` forgets what was shown.
    """
    if options.get("clear"):
        SHOWN.clear()
    for value in objects:
        if len(SHOWN) > OUTPUTS:
            return
        if len(SHOWN) == OUTPUTS:
            SHOWN.append(_output({"text/plain": f"[only the first {OUTPUTS} outputs are kept]"}))
        elif options.get("raw") and isinstance(value, dict):
            SHOWN.append(_output(dict(value)))
        else:
            SHOWN.append(_output(bundle(value)))


def _output(data: dict[str, Any], kind: str = "display_data") -> Output:
    return {"output_type": kind, "data": data, "metadata": {}}


def bundle(value: Any) -> dict[str, Any]:
    """Return how a value looks, by MIME type; its text always."""
    figure = figure_of(value)
    if figure is not None:
        found: dict[str, Any] = {"image/png": _figure_png(figure)}
    else:
        found = {} if isinstance(value, type) else _rich(value)
    data = {mime: content for mime, content in found.items() if mime not in _USELESS}
    data.setdefault("text/plain", _text(value))
    return data


def _rich(value: Any) -> dict[str, Any]:
    """What the value's own methods say. One that has any method you ask for says nothing."""
    if getattr(value, "_ipython_canary_method_should_not_exist_", None) is not None:
        return {}
    found: dict[str, Any] = {}
    for name, mime in _METHODS.items():
        content = _asked(value, name)
        if content is not None:
            found[mime] = content
    whole = _asked(value, "_repr_mimebundle_", include=None, exclude=None)
    if isinstance(whole, dict):
        found.update((str(mime), content) for mime, content in whole.items())
    return found


def _asked(value: Any, name: str, **arguments: Any) -> Any:
    try:
        method = getattr(value, name, None)
        content = method(**arguments) if callable(method) else None
    except Exception:  # its looks are its own business
        return None
    if isinstance(content, tuple):  # with metadata
        content = content[0] if content else None
    return content


def _text(value: Any) -> str:
    try:
        text = _SHORT.repr(value) if type(value) in _CONTAINERS else repr(value)
    except Exception as exc:
        return f"<{type(value).__name__}: its repr raises {type(exc).__name__}>"
    return text if len(text) <= TEXT else text[:TEXT] + " ..."


class _Short(reprlib.Repr):
    """Containers of millions are not written out; what stands in them is as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 200
        self.maxstring = self.maxother = self.maxlong = 2_000
        self.maxlevel = 8


_SHORT: Final = _Short()
_CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})


# -- the outputs of a datum ------------------------------------------------------------------


def outputs_of(answer: Any, kind: str | None) -> bytes:
    """Return all that the datum at work has displayed, its result last, as JSON.

    Parameters
    ----------
    answer : object
        The result; None for none.
    kind : str or None
        Under which it is recorded. JSON needs no picture, and of an image the file is one.
    """
    outputs = list(SHOWN)
    if kind is not None and not kind.startswith("json"):
        data = {"text/plain": _text(answer)} if kind.startswith("png") else bundle(answer)
        outputs.append(_output(data, "execute_result"))
    return packed(outputs)


def packed(outputs: Iterable[Output]) -> bytes:
    """Return outputs as JSON of at most :data:`LIMIT` bytes: the richest forms go first."""
    left = LIMIT
    parts = []
    for output in outputs:
        data: dict[str, Any] = {}
        contents = sorted(output["data"].items(), key=lambda pair: pair[0] != "text/plain")
        for mime, content in contents:
            text = _json(content)
            if text is None:
                continue
            left -= len(text)
            if left < 0:
                left += len(text)
                said = f"[no room for its {mime}: {len(text):,} bytes]"
                data["text/plain"] = "\n".join(filter(None, [data.get("text/plain"), said]))
                continue
            data[mime] = json.loads(text)
        parts.append({**output, "data": data})
    return json.dumps(parts, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _json(content: Any) -> str | None:
    if isinstance(content, bytes | bytearray):
        content = base64.b64encode(content).decode()
    try:
        return json.dumps(content, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


# -- figures ---------------------------------------------------------------------------------


def open_figures() -> frozenset[int]:
    """Return the numbers of pyplot's figures; call these three only where it is loaded."""
    return frozenset(sys.modules["matplotlib.pyplot"].get_fignums())


def take_figures(before: frozenset[int], answer: Any) -> None:
    """Display the figures that a datum has made and left open, as a notebook does.

    The figure that is the datum's result is shown by that.
    """
    pyplot = sys.modules["matplotlib.pyplot"]
    result = figure_of(answer)
    for number in sorted(open_figures() - before):
        figure = pyplot.figure(number)
        if figure is not result and figure.axes:
            display(figure)


def close_figures(before: frozenset[int]) -> None:
    """Close what a datum has left open: a million figures have no room."""
    for number in open_figures() - before:
        sys.modules["matplotlib.pyplot"].close(number)


def _figure_png(figure: Any) -> bytes | None:
    file = io.BytesIO()
    try:
        figure.savefig(file, format="png", bbox_inches="tight")
    except Exception:  # a label that is no valid TeX, say: there is the text
        return None
    return file.getvalue()


# -- cells that know IPython's own -----------------------------------------------------------


def adopt(namespace: dict[str, Any], source: str, *, own: bool) -> None:
    """Have ``display`` mean ours in a transform's namespace.

    Parameters
    ----------
    namespace : dict
        In which cell and helpers run.
    source : str
        Of the cell. If it imports IPython's ``display`` that one is exchanged too.
    own : bool
        Whether this process is a worker: in a kernel IPython is left as it is.
    """
    for name, value in namespace.items():
        if _is_ipythons(value):
            namespace[name] = display
    namespace.setdefault("display", display)
    if own and "IPython" in source:
        importlib.import_module("IPython.display")
    for module in ("IPython.core.display_functions", "IPython.display") if own else ():
        if module in sys.modules:
            sys.modules[module].__dict__["display"] = display


def _is_ipythons(value: Any) -> bool:
    return (
        callable(value)
        and getattr(value, "__name__", "") == "display"
        and str(getattr(value, "__module__", "")).startswith("IPython.")
    )
