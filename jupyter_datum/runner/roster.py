"""Writes down how clusters stand, when that has changed."""

from __future__ import annotations

import sqlite3
import time
import traceback
from typing import TYPE_CHECKING

from ..engines.base import EVERY
from ..ledger.clusters import ClusterRow, ClusterState, bury, put_cluster

if TYPE_CHECKING:
    from .cluster import Cluster


class Roster:
    """The rows of a runner's clusters.

    Parameters
    ----------
    conn : sqlite3.Connection
    interpreter : str
    epoch : int
        Of this runner; what older ones had is gone.
    """

    def __init__(self, conn: sqlite3.Connection, interpreter: str, epoch: int) -> None:
        self._conn = conn
        self._interpreter = interpreter
        self._epoch = epoch
        #: What is written, by the cluster's identity.
        self._rows: dict[int, ClusterRow] = {}
        bury(conn, interpreter, epoch)

    def note(
        self, cluster: Cluster, state: ClusterState | None = None, message: str | None = None
    ) -> None:
        """Write how a cluster stands, if that is news; one that never started is none.

        That it cannot be written (a full disk) is no run's fault: the next look does it.
        """
        known = self._rows.get(id(cluster))
        if known is None and not cluster.started:
            return
        wanted = 0 if cluster.sizer.bounds.most == EVERY else cluster.size
        fields = (cluster.label, cluster.run, state or cluster.state())
        row = ClusterRow(
            known.id if known else 0, self._interpreter, self._epoch, *fields,
            known.since if known and known.state == fields[2] else time.time(),
            len(cluster.workers), wanted, message,
        )  # fmt: skip
        if row == known:
            return
        try:
            identity = put_cluster(self._conn, row)
        except sqlite3.Error:
            traceback.print_exc()
            return
        self._rows[id(cluster)] = row._replace(id=identity)
        if row.state == ClusterState.GONE:
            del self._rows[id(cluster)]
