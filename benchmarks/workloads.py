"""Real work against what one writes by hand: JPEG thumbnails with a serial loop, joblib, Dask and
ipyparallel, each with its best chunk of those tried; and a cross-validation sweep with joblib.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable
from itertools import starmap
from pathlib import Path
from typing import Any

from common import arguments, bench, show

GRID = [
    {"C": c, "gamma": g}
    for c, g in itertools.product([0.1, 1, 10, 100], [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 0.1])
]


def pictures(folder: Path, n: int) -> None:
    import numpy
    from PIL import Image

    folder.mkdir()
    noise = numpy.random.default_rng(0).integers(0, 60, (768, 1024, 3), dtype=numpy.uint8)
    slope = numpy.linspace(0, 190, 1024, dtype=numpy.uint8)[None, :, None]
    for i in range(n):
        image = Image.fromarray(numpy.roll(noise, i, axis=0) + slope)
        image.save(folder / f"{i:05}.jpg", quality=85)


def thumbnail(source: str, target: str) -> None:
    from PIL import Image

    image = Image.open(source)
    image.thumbnail((128, 128))
    image.save(target)


def score(point: dict[str, float]) -> float:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_score
    from sklearn.svm import SVC

    x, y = load_digits(return_X_y=True)
    return float(cross_val_score(SVC(**point), x, y, cv=3).mean())


def thumbnails(n: int) -> list[dict[str, Any]]:
    with bench() as made:
        pictures(made.folder / "in", n)
        out = made.folder / "hand"
        out.mkdir()
        pairs = [
            (str(p), str(out / f"{p.stem}.png")) for p in sorted((made.folder / "in").iterdir())
        ]
        peers = by_hand(pairs)
        body = (
            "from PIL import Image\nimage = Image.open(datum.path)\n"
            "image.thumbnail((128, 128))\nimage.save(datum.out_file('.png'))"
        )
        ours = {}
        for engine in ("joblib", "dask", "ipyparallel"):
            line = f"--workers 2 --engine {engine}"
            made.run(f'warm -i "in/0000?.jpg" {line} --force', body)
            row, wall, _ = made.run(f'thumbs -i "in/*.jpg" {line} --force', body)
            assert row.success == n, row
            ours[f"jupyter-datum on {engine}"] = wall
        same = all(
            (made.folder / "out/thumbs" / p.name).read_bytes() == p.read_bytes()
            for p in out.iterdir()
        )
    rows: list[dict[str, Any]] = [
        {"what": f"{n} thumbnails, {name}", "s": seconds, "x joblib": seconds / peers["joblib"]}
        for name, seconds in {**peers, **ours}.items()
    ]
    return [{**row, "same": same} if "datum" in row["what"] else row for row in rows]


def by_hand(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Seconds of each way to write it, on two workers that are up."""
    import ipyparallel
    from distributed import Client, LocalCluster
    from joblib import Parallel, delayed

    found = {"serial loop": _seconds(lambda: deque(starmap(thumbnail, pairs), maxlen=0))}
    sources, targets = zip(*pairs, strict=True)
    with Parallel(n_jobs=2) as parallel:
        parallel(delayed(thumbnail)(*pair) for pair in pairs[:8])

        def joblib(size: Any) -> float:
            parallel.batch_size = size
            return _seconds(lambda: parallel(delayed(thumbnail)(*pair) for pair in pairs))

        found["joblib"] = min(joblib(size) for size in ("auto", 8))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.gather(client.map(thumbnail, sources[:8], targets[:8], pure=False))

        def dask(size: int) -> float:
            return _seconds(
                lambda: client.gather(
                    client.map(thumbnail, sources, targets, pure=False, batch_size=size)
                )
            )

        found["dask"] = min(dask(size) for size in (1, 100))
    with ipyparallel.Cluster(n=2, log_level=40) as engines:
        view = engines.load_balanced_view()
        view.block = True
        view.map(thumbnail, sources[:8], targets[:8])

        def chunks(size: int) -> float:
            return _seconds(lambda: view.map(thumbnail, sources, targets, chunksize=size))

        found["ipyparallel"] = min(chunks(size) for size in (1, 8))
    return found


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def sweep() -> list[dict[str, Any]]:
    from joblib import Parallel, delayed

    with bench() as made:
        Parallel(n_jobs=2)(delayed(score)(point) for point in GRID[:2])
        start = time.perf_counter()
        theirs = Parallel(n_jobs=2)(delayed(score)(point) for point in GRID)
        hand = time.perf_counter() - start
        made.namespace.update(grid=GRID, small=GRID[:2])
        body = (
            "from sklearn.datasets import load_digits\n"
            "from sklearn.model_selection import cross_val_score\n"
            "from sklearn.svm import SVC\nx, y = load_digits(return_X_y=True)\n"
            "float(cross_val_score(SVC(**datum.value), x, y, cv=3).mean())"
        )
        made.run("warm -i small --workers 2", body)
        row, wall, _ = made.run("sweep -i grid --workers 2", body)
        assert row.success == len(GRID), row
        from jupyter_datum.notebook.public import Transform

        same = Transform(made.project, "sweep").results() == theirs
    what = f"SVC sweep, {len(GRID)} points x 3"
    return [
        {"what": f"{what}, joblib", "s": hand, "x joblib": 1.0},
        {
            "what": f"{what}, jupyter-datum on joblib",
            "s": wall,
            "x joblib": wall / hand,
            "same": same,
        },
    ]


def main() -> None:
    args = arguments(str(__doc__), "2000")
    rows = [row for n in args.sizes for row in thumbnails(n)]
    show("real work, 2 workers", rows + sweep(), args.json)


if __name__ == "__main__":
    main()
