"""What a request asks for, over what its signed recipe says."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any, Final

from ..engines import is_name
from ..errors import SignatureError, UsageError
from ..settings import defaults, limits
from ..state import OnError, RunSettings
from ..transform.options import WHICH, Options
from ..transform.recipe import Recipe
from .version import VERSION

#: What a request may say of a run beside its options.
_BESIDE: Final = frozenset(
    {
        "origin", "pipeline", "follows", "after", "settle", "arrived",
        "group", "datums", "ranges", "keys",
    }
)  # fmt: skip


def options_of(recipe: Recipe, args: Mapping[str, Any]) -> Options:
    """Return the recipe's options with those of the request over them.

    Raises
    ------
    SignatureError
        If the request, which nobody has signed, names a cluster by its address.
    UsageError
        If it says what only a newer version of this package understands.
    """
    _check_request(args, recipe)
    _check_known(args)
    return meant(recipe, args)


def meant(recipe: Recipe, args: Mapping[str, Any]) -> Options:
    """Return the options of a run: what was asked for; else what the cell says; else the user's
    settings; else ours.

    Raises
    ------
    UsageError
        If the settings cannot be read.
    """
    said, usual = Options.from_json({**recipe.options, **args}), defaults()
    return dataclasses.replace(
        said,
        engine=said.engine or usual.engine or "joblib",
        workers=said.workers or usual.workers,
    )


def _check_request(args: Mapping[str, Any], recipe: Recipe) -> None:
    """See that what decides where code goes was signed, or is a name of the user's own."""
    asked = str(args.get("engine", ""))
    if asked and not is_name(asked) and asked != recipe.options.get("engine"):
        raise SignatureError(
            f"the cluster {asked!r} does not stand in the signed cell: run the cell with it, or "
            "give it a name in jupyter_datum.toml"
        )


def _check_known(args: Mapping[str, Any]) -> None:
    """A word that is passed over would have other datums run than were asked for: who asks may be
    a server with a newer version than the kernel's environment, which this process has."""
    options = {field.name for field in dataclasses.fields(Options)}
    unknown = [repr(name) for name in args if name not in options | _BESIDE]
    unknown += [f"--only {word}" for word in args.get("only") or () if word not in WHICH]
    if unknown:
        raise UsageError(
            f"the kernel's environment has jupyter-datum {VERSION}, which does not know "
            f"{', '.join(unknown)}; upgrade it: {sys.executable} -m pip install --upgrade "
            "jupyter-datum"
        )


def settings_of(options: Options) -> RunSettings:
    """Return what the state machine is to know of a run's options."""
    return RunSettings(
        tries=options.tries,
        on_error=OnError.parse(options.on_error),
        timeout=options.timeout,
        backoff=options.backoff,
        # What is probed goes alone; with batches that is to be soon over.
        probe=0 if options.no_probe else 4 if options.batch else 20,
        batch=options.batch or 1,
        recover=options.recover is not None,
        travel=limits().travel,
    )
