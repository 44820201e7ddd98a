"""``--schema``: what a result must be. A result that is something else fails its datum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import DatumError, UsageError
from ..hashing import type_name

#: Under this name the schema travels among the captured values: no cell can read it.
SLOT: Final = "<result schema>"
_SHOWN: Final = 120

Check = Callable[[Any], None]


class ResultError(DatumError):
    """A result that is not what ``--schema`` says."""


def is_arrow_schema(value: Any) -> bool:
    """Whether `value` is a schema of pyarrow's."""
    return type(value).__module__.partition(".")[0] == "pyarrow" and hasattr(value, "metadata")


def checked_schema(name: str, namespace: Mapping[str, Any]) -> Any:
    """Return the object of the kernel that ``--schema NAME`` names.

    Raises
    ------
    UsageError
        If there is none, or it can check nothing.
    """
    if name not in namespace:
        raise UsageError(f"--schema {name}: the kernel has no object of that name")
    schema = namespace[name]
    if is_arrow_schema(schema) or callable(schema):
        return schema
    raise UsageError(
        f"--schema {name} is {type_name(schema)}; it must be a pyarrow schema, or a function of "
        "the result that raises, or gives False, when it is wrong"
    )


def checker(schema: Any) -> Check:
    """Return what raises if a result breaks `schema`."""
    if is_arrow_schema(schema):
        return lambda result: _check_arrow(result, schema)
    return lambda result: _check_called(result, schema)


def _check_called(result: Any, function: Callable[[Any], Any]) -> None:
    """What the function raises is the failure; ``False`` is one too, and None is none."""
    if function(result) is False:
        name = getattr(function, "__name__", type_name(function))
        raise ResultError(f"the result breaks the schema {name}: {_shown(result)}")


def _check_arrow(result: Any, schema: Any) -> None:
    found = _columns_of(result)
    if found is not None:
        _check_table(found, schema)
        return
    rows = result if isinstance(result, list) else [result]
    for number, row in enumerate(rows):
        where = f"[{number}]" if isinstance(result, list) else ""
        if not isinstance(row, Mapping):
            raise ResultError(
                f"result{where} is {type_name(row)}; the schema is for dicts with "
                f"{', '.join(schema.names)}"
            )
        _check_row(row, schema, where)


def _columns_of(result: Any) -> Any:
    """The schema of a frame, None for what is none."""
    package = type(result).__module__.partition(".")[0]
    if package == "pyarrow" and hasattr(result, "schema"):
        return result.schema
    if package == "polars" and hasattr(result, "to_arrow") and hasattr(result, "columns"):
        return result.head(0).to_arrow().schema
    if package == "pandas" and hasattr(result, "columns") and hasattr(result, "iloc"):
        import pyarrow

        return pyarrow.Schema.from_pandas(result, preserve_index=False)
    return None


def _check_table(found: Any, schema: Any) -> None:
    for field in schema:
        if field.name not in found.names:
            raise ResultError(
                f"the result has no column {field.name!r} ({field.type}). It has: "
                f"{', '.join(map(str, found.names))}"
            )
        there = found.field(field.name).type
        if there != field.type and not _same_text(there, field.type):
            raise ResultError(
                f"column {field.name!r} of the result is {there}, and must be {field.type}"
            )


def _same_text(there: Any, wanted: Any) -> bool:
    """Short and long strings differ in how they lie in memory alone."""
    names = {"string": "text", "large_string": "text", "string_view": "text"}
    return bool(names.get(str(there), there) == names.get(str(wanted), wanted))


def _check_row(row: Mapping[Any, Any], schema: Any, where: str) -> None:
    import pyarrow

    for field in schema:
        if field.name not in row:
            raise ResultError(
                f"result{where} has no {field.name!r} ({field.type}). It has: "
                f"{', '.join(map(str, row))}"
            )
        value = row[field.name]
        if value is None and not field.nullable:
            raise ResultError(f"{field.name!r} of result{where} is None, and must not be")
        try:
            pyarrow.array([value], type=field.type)
        except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
            raise ResultError(
                f"{field.name!r} of result{where} is {_shown(value)}, and must be {field.type}"
            ) from None


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
