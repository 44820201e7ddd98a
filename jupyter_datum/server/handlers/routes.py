"""The routing table, below ``<base_url>jupyter-datum/``."""

from __future__ import annotations

from typing import Final

from tornado.web import RequestHandler

from . import (
    actions,
    datums,
    engines,
    origins,
    project,
    runs,
    settings,
    start,
    stream,
    table,
    timing,
    upkeep,
    watches,
)

_P: Final = r"projects/([0-9a-f]{32})"
_R: Final = _P + r"/runs/([0-9a-f]{32})"
_D: Final = _P + r"/datums/([0-9]{1,15})"

#: The last one answers for all that is not there.
ROUTES: Final[list[tuple[str, type[RequestHandler]]]] = [
    (r"status", project.Status),
    (r"context", project.Context),
    (r"transforms", project.Transforms),
    (r"engines", engines.Engines),
    (r"settings", settings.Settings),
    (r"marks", project.Marks),
    (r"counts", project.Counts),
    (r"runs", start.Start),
    (r"recipes", start.Recipes),
    (r"whence", origins.Whence),
    (r"stream", stream.Stream),
    (rf"{_P}/runs", runs.Runs),
    (rf"{_P}/clusters", runs.Clusters),
    (_R, runs.Run),
    (rf"{_R}/groups", runs.Groups),
    (rf"{_R}/workers", runs.Workers),
    (rf"{_R}/timing", timing.Timing),
    (rf"{_R}/spec", timing.Spec),
    (rf"{_R}/datums", runs.Datums),
    (rf"{_R}/rows", table.Rows),
    (rf"{_R}/datums.csv", table.File),
    (rf"{_R}/positions/([0-9]{{1,15}})", runs.Position),
    (rf"{_R}/durations", runs.Durations),
    (rf"{_R}/positions/([0-9]{{1,15}})/log", datums.Printing),
    (rf"{_R}/retry", actions.Retry),
    (rf"{_R}/expected", actions.Expected),
    (rf"{_R}/requests", actions.Requests),
    (_D, runs.Datum),
    (rf"{_D}/log", runs.Log),
    (rf"{_D}/display", runs.Display),
    (rf"{_D}/code", datums.Code),
    (rf"{_D}/preview", datums.Preview),
    (rf"{_D}/lineage", origins.Lineage),
    (rf"{_D}/history", origins.History),
    (rf"{_P}/graph", origins.Graph),
    (rf"{_P}/origin", origins.Origin),
    (rf"{_P}/users", origins.Users),
    (rf"{_P}/overview", origins.Overview),
    (rf"{_P}/report", timing.Report),
    (rf"{_P}/outputs", origins.Outputs),
    (rf"{_P}/watches", watches.Watches),
    (rf"{_P}/upgrade", upkeep.Upgrade),
    (rf"{_P}/upkeep", upkeep.Upkeep),
    (rf"{_P}/upkeep/([0-9a-f]{{32}})", upkeep.Errand),
    (rf"{_P}/requests/([0-9a-f]{{32}})", runs.Request),
    (r".*", project.Nothing),
]
