"""From a marked cell to what can be run, anywhere and again: capture, fingerprint, recipe.

Called, ``jupyter_datum.transform("name")``, the package is the input that goes by this name.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..inputs import UpstreamInput
    from ..inputs.make import KeyLike


class _Callable(ModuleType):
    """The package is a function too: users say ``-i transform("thumbs")``."""

    def __call__(
        self,
        name: str,
        *,
        label: str | None = None,
        on: KeyLike | None = None,
        by: KeyLike | None = None,
        outer: bool = False,
    ) -> UpstreamInput:
        from ..inputs import transform

        return transform(name, label=label, on=on, by=by, outer=outer)


sys.modules[__name__].__class__ = _Callable
