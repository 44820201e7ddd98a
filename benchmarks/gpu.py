"""GPU workers: images per second by batch size beside a plain loop, two halves of one device, and
decoding on CPU workers that feeds a GPU transform.

    python benchmarks/gpu.py                      # needs torch and one GPU; else says so, exit 1
    python benchmarks/gpu.py --device cpu         # the same ways on CPU workers: figures of a CPU
    python benchmarks/gpu.py --device cpu --model matrix   # without torch: tries the script alone

Nothing is downloaded: the model is a ResNet-18 with random weights, the images are noise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from common import Bench, bench, show

from jupyter_datum.devices import find_devices
from jupyter_datum.ledger import db, queries
from jupyter_datum.notebook.context import Context
from jupyter_datum.notebook.setups import add_setup
from jupyter_datum.notebook.submit import prepare, request_run
from jupyter_datum.states import ENDED
from jupyter_datum.transform.cell import Cell

#: Different images that there are; more would only fill the disk.
KINDS: Final = 512

#: What a worker runs once; also the beginning of the plain loop. `datum.device` says where.
RESNET: Final = """
import numpy, torch
from torch import nn

class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        def conv(a, b, size, step):
            return nn.Sequential(
                nn.Conv2d(a, b, size, step, size // 2, bias=False), nn.BatchNorm2d(b))
        self.first, self.second = conv(before, after, 3, stride), conv(after, after, 3, 1)
        same = stride == 1 and before == after
        self.short = nn.Identity() if same else conv(before, after, 1, stride)
    def forward(self, x):
        y = self.second(torch.relu(self.first(x)))
        return torch.relu(y + self.short(x))

torch.manual_seed(0)
device = torch.device(datum.device)
widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1),
          (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
model = nn.Sequential(
    nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
    *[Block(*w) for w in widths], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000),
).to(device).eval()
half = device.type == "cuda"
model = model.half() if half else model

@torch.inference_mode()
def classes(images):
    x = torch.from_numpy(images).to(device, non_blocking=True)
    x = x.permute(0, 3, 1, 2).to(torch.float16 if half else torch.float32).div_(255)
    return model(x).argmax(1).tolist()
"""
#: The same ways without torch: one matrix for the whole net.
MATRIX: Final = """
import numpy
weights = numpy.random.default_rng(0).standard_normal((3 * 16 * 16, 10), dtype=numpy.float32)

def classes(images):
    x = images[:, :16, :16].reshape(len(images), -1).astype(numpy.float32) / 255
    return (x @ weights).argmax(1).tolist()
"""
CALL: Final = "classes(numpy.stack([numpy.asarray(pool[d.value % len(pool)]) for d in datums]))"
FROM_FILES: Final = "classes(numpy.stack([numpy.load(d.path) for d in datums]))"
DECODE: Final = """
import numpy
from PIL import Image
image = Image.open(datum.path).convert("RGB").resize(({size}, {size}))
numpy.save(datum.out_file(".npy"), numpy.asarray(image))
"""
DECODE_AND_CALL: Final = """
from PIL import Image
classes(numpy.stack([
    numpy.asarray(Image.open(d.path).convert("RGB").resize(({size}, {size}))) for d in datums]))
"""
LOOP: Final = """
import json, sys, time
from types import SimpleNamespace
datum = SimpleNamespace(device=sys.argv[1])
{setup}
n, batch = int(sys.argv[2]), int(sys.argv[3])
def go(count):
    for first in range(0, count, batch):
        last = min(count, first + batch)
        classes(numpy.stack([numpy.asarray(pool[i % len(pool)]) for i in range(first, last)]))
go(4 * batch)
began = time.perf_counter()
go(n)
print(json.dumps(time.perf_counter() - began))
"""


class Case:
    """One device, one model, one folder."""

    def __init__(self, made: Bench, args: argparse.Namespace) -> None:
        self.made, self.args = made, args
        self.gpu = args.device != "cpu"
        model = RESNET if args.model == "resnet" else MATRIX
        self.setup = f"{model}\npool = numpy.load({str(made.folder / 'pool.npy')!r}, mmap_mode='r')"
        made.namespace["numbers"] = range(args.images)
        self._pool()

    def _pool(self) -> None:
        import numpy

        shape = (KINDS, self.args.size, self.args.size, 3)
        noise = numpy.random.default_rng(0).integers(0, 256, shape, dtype=numpy.uint8)
        numpy.save(self.made.folder / "pool.npy", noise)

    def pictures(self) -> None:
        """JPEG files of twice the size that the model takes."""
        from PIL import Image

        (self.made.folder / "in").mkdir()
        import numpy

        pool = numpy.load(self.made.folder / "pool.npy", mmap_mode="r")
        for i in range(self.args.pictures):
            image = Image.fromarray(pool[i % KINDS]).resize((2 * self.args.size,) * 2)
            image.save(self.made.folder / "in" / f"{i:05}.jpg", quality=85)

    def workers(self, share: str = "1") -> str:
        """The options of workers with such a share of the device."""
        count = round(1 / float(share))
        return f"--gpus {share} --workers {count}" if self.gpu else f"--workers {count}"

    def sets_up(self, *names: str) -> None:
        """Have workers of these transforms load the model first."""
        cell = Cell(self.setup, "<setup>", 2, f"%%datum_setup\n{self.setup}")
        add_setup(" ".join(names), cell, self.made.namespace)

    def warm(self, name: str, line: str, body: str, n: int) -> float:
        """Datums per second of a second run, on workers that hold the model."""
        self.sets_up(name)
        line = f"{name} {line} --no-probe --force --background"
        for _ in range(2):
            row, wall, _ = self.made.run(line, body)
            if row.success != n:
                sys.exit(f"{row.success:,} of {n:,} succeeded: {row.message or row.status}")
        return n / wall

    def by_hand(self, batch: int) -> float:
        """Images per second of a plain loop in a process of its own."""
        device = "cuda:0" if self.gpu else "cpu"
        text = LOOP.format(setup=self.setup)
        call = [sys.executable, "-c", text, device, str(self.args.images), str(batch)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr[-2_000:])
        return self.args.images / float(json.loads(done.stdout))


def batches(case: Case) -> list[dict[str, Any]]:
    """Images per second by batch size, beside the plain loop."""
    rows = []
    for batch in case.args.batches:
        line = f"-i numbers {case.workers()} --batch {batch}"
        ours, plain = case.warm(f"b{batch}", line, CALL, case.args.images), case.by_hand(batch)
        rows.append({"what": f"batch {batch}", "images/s": ours, "plain loop": plain,
                     "of it": ours / plain})  # fmt: skip
    return rows


def halves(case: Case) -> list[dict[str, Any]]:
    """One worker with the whole device, and two with a half each."""
    rows = []
    for share, what in (("1", "one worker, whole device"), ("0.5", "two workers, half each")):
        line = f"-i numbers {case.workers(share)} --batch 64"
        rate = case.warm(f"h{share[-1]}", line, CALL, case.args.images)
        rows.append({"what": what, "images/s": rate})
    return rows


def hybrid(case: Case) -> list[dict[str, Any]]:
    """JPEG files: decoded where the model is, and on all cores in front of it."""
    case.pictures()
    n, size = case.args.pictures, case.args.size
    line = f'-i "in/*.jpg" {case.workers()} --batch 64'
    rate = case.warm("both", line, DECODE_AND_CALL.format(size=size), n)
    rows = [{"what": "decoded by the GPU worker", "images/s": rate}]
    case.sets_up("model")
    names = {"decode": ('-i "in/*.jpg"', DECODE.format(size=size)),
             "model": (f"-i decode {case.workers()} --batch 64", FROM_FILES)}  # fmt: skip
    for again in (False, True):
        seconds = _pipeline(case, names)
        if again:  # all workers were up, and the model loaded
            rows.append({"what": "decoded on joblib, streamed", "images/s": n / seconds})
    return rows


def _pipeline(case: Case, names: dict[str, tuple[str, str]]) -> float:
    made, pipeline = case.made, os.urandom(16).hex()
    began, runs = time.perf_counter(), []
    with contextlib.closing(db.connect(made.project)) as conn:
        for name, (line, body) in names.items():
            cell = Cell(body, "<cell>", 1)
            text = f"{name} {line} --no-probe --force"
            prepared = prepare(text, cell, made.namespace, Context(made.folder, None))
            runs.append(request_run(conn, prepared, pipeline=pipeline))
        while True:
            rows = [queries.run_by_uuid(conn, run) for run in runs]
            if all(row is not None and row.status in ENDED for row in rows):
                break
            time.sleep(0.01)
    bad = [row for row in rows if row is None or row.success != case.args.pictures]
    if bad:
        sys.exit(f"the pipeline failed: {bad[0]}")
    return time.perf_counter() - began


def _no_reason(args: argparse.Namespace) -> str:
    """Why this cannot be measured here; empty if it can."""
    wants_gpu = args.device != "cpu"
    if wants_gpu and not (found := find_devices(dict(os.environ))).devices:
        return f"there is no GPU here; nothing was measured. Looked at: {'; '.join(found.looked)}"
    if args.model != "resnet":
        return "--model matrix is for --device cpu" if wants_gpu else ""
    try:
        import torch
    except ImportError:
        return "torch is not installed here (--device cpu --model matrix tries the script alone)"
    if wants_gpu and not torch.cuda.is_available():
        return "torch finds no GPU here that it can use; nothing was measured"
    return ""


def main() -> int:
    """Measure; 1 if there is nothing to measure on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--model", choices=("resnet", "matrix"), default="resnet")
    parser.add_argument("--images", type=int, default=8_192, help="for batches and halves")
    parser.add_argument("--pictures", type=int, default=4_096, help="JPEG files")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batches", default="1,8,64,256")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    args = parser.parse_args()
    args.batches = [int(batch) for batch in args.batches.split(",")]
    if why := _no_reason(args):
        print(why, file=sys.stderr)
        return 1
    with bench() as made:
        case = Case(made, args)
        rows = [*batches(case), *halves(case), *hybrid(case)]
    device = "cpu"
    if args.device != "cpu":
        import torch

        device = torch.cuda.get_device_name(0)
    show(f"GPU workers on {device}, {args.model}, {args.size} x {args.size}", rows, args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
