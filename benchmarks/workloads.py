"""Real work against hand-written joblib: JPEG thumbnails, and a cross-validation sweep."""

from __future__ import annotations

import itertools
import time
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


def thumbnails(n: int) -> dict[str, Any]:
    from joblib import Parallel, delayed

    with bench() as made:
        pictures(made.folder / "in", n)
        out = made.folder / "hand"
        out.mkdir()
        pairs = [
            (str(p), str(out / f"{p.stem}.png")) for p in sorted((made.folder / "in").iterdir())
        ]
        Parallel(n_jobs=2)(delayed(thumbnail)(*pair) for pair in pairs[:8])
        walls = []
        for batch in ("auto", 8):
            start = time.perf_counter()
            Parallel(n_jobs=2, batch_size=batch)(delayed(thumbnail)(*pair) for pair in pairs)
            walls.append(time.perf_counter() - start)
        body = (
            "from PIL import Image\nimage = Image.open(datum.path)\n"
            "image.thumbnail((128, 128))\nimage.save(datum.out_file('.png'))"
        )
        made.run('warm -i "in/0000?.jpg" --workers 2', body)
        row, wall, _ = made.run('thumbs -i "in/*.jpg" --workers 2', body)
        assert row.success == n, row
        same = all(
            (made.folder / "out/thumbs" / p.name).read_bytes() == p.read_bytes()
            for p in out.iterdir()
        )
    return {"what": f"{n} thumbnails", "ours / joblib": wall / min(walls), "ours s": wall,
            "joblib s": min(walls), "same": same}  # fmt: skip


def sweep() -> dict[str, Any]:
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
    return {"what": f"SVC sweep, {len(GRID)} points x 3", "ours / joblib": wall / hand,
            "ours s": wall, "joblib s": hand, "same": same}  # fmt: skip


def main() -> None:
    args = arguments(str(__doc__), "2000")
    show("real work, 2 workers", [*(thumbnails(n) for n in args.sizes), sweep()], args.json)


if __name__ == "__main__":
    main()
