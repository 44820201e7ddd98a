"""What a request asks for, over what its signed recipe says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..engines import is_name, limits
from ..errors import SignatureError
from ..state import OnError, RunSettings
from ..transform.options import Options
from ..transform.recipe import Recipe


def options_of(recipe: Recipe, args: Mapping[str, Any]) -> Options:
    """Return the recipe's options with those of the request over them.

    Raises
    ------
    SignatureError
        If the request, which nobody has signed, names a cluster by its address.
    """
    _check_request(args, recipe)
    names = {field.name for field in dataclasses.fields(Options)}
    merged = {**recipe.options, **{k: v for k, v in args.items() if k in names}}
    return Options.from_json(merged)


def _check_request(args: Mapping[str, Any], recipe: Recipe) -> None:
    """See that what decides where code goes was signed, or is a name of the user's own."""
    asked = str(args.get("engine", ""))
    if asked and not is_name(asked) and asked != recipe.options.get("engine"):
        raise SignatureError(
            f"the cluster {asked!r} does not stand in the signed cell: run the cell with it, or "
            "give it a name in jupyter_datum.toml"
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
