"""Who gets which device: proved with devices that no driver knows."""

from __future__ import annotations

import itertools
import os
import signal
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_datum.devices import Gpus, find_devices, is_free, shares_of, slots_for
from jupyter_datum.devices.lease import folder
from jupyter_datum.engines import get_engine
from jupyter_datum.engines.base import Engine, EngineSettings, Waiting
from jupyter_datum.errors import UsageError

from .conftest import Crew, Work, outcomes
from .test_contract import values

SEES = (
    "import os\nfrom pathlib import Path\n"
    "raw = Path('/proc/self/environ').read_bytes().decode().split(chr(0))\n"
    "at_start = [v[21:] for v in raw if v.startswith('CUDA_VISIBLE_DEVICES=')][0]\n"
    "assert at_start == os.environ['CUDA_VISIBLE_DEVICES']\n"
    "[at_start, datum.device]"
)


@pytest.fixture
def names() -> Iterator[list[str]]:
    """Two devices of this test's own."""
    tag = uuid.uuid4().hex[:8]
    found = [f"fake-{tag}-{n}" for n in range(2)]
    yield found
    for file in folder().glob(f"fake-{tag}-*"):
        file.unlink()


# -- what is asked for, and what there is ------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("1", ["a", "b", "c"]),
        ("2", ["a,b"]),
        ("0.5", ["a", "b", "c", "a", "b", "c"]),
        ("0.34", ["a", "b", "c"] * 3),
        ("auto", ["a", "b", "c"]),
    ],
)
def test_devices_are_shared_out(text: str, slots: list[str]) -> None:
    found = slots_for(Gpus.parse(text), ["a", "b", "c"])
    assert [dict(slot)["CUDA_VISIBLE_DEVICES"] for slot in found] == slots
    held = [share for slot in found for share in shares_of(dict(slot))]
    for device in "abc":
        spans = sorted((s.start, s.start + s.length) for s in held if s.device == device)
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "0.7", "0.01", "all", ""])
def test_what_nobody_can_share_out_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"0\.5"):
        Gpus.parse(text)


def test_too_few_devices_are_an_error_that_names_them() -> None:
    with pytest.raises(UsageError, match="4 devices, and there are 2: a, b"):
        slots_for(Gpus.parse("4"), ["a", "b"])


SMI = """\
GPU 0: NVIDIA A100 (UUID: GPU-0)
  MIG 1g.5gb      Device  0: (UUID: MIG-x)
  MIG 1g.5gb      Device  1: (UUID: MIG-y)
GPU 1: NVIDIA A100 (UUID: GPU-1)
"""


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program ``nvidia-smi`` that lists a divided GPU and a whole one; no NVML."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{SMI}END\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setitem(sys.modules, "pynvml", None)


def test_the_first_that_answers_counts(smi: None) -> None:
    given = {"JUPYTER_DATUM_DEVICES": "x, y", "CUDA_VISIBLE_DEVICES": "0"}
    assert find_devices(given).devices == ("x", "y")
    assert find_devices({"CUDA_VISIBLE_DEVICES": "GPU-7"}).devices == ("GPU-7",)
    assert find_devices({}).devices == ("MIG-x", "MIG-y", "GPU-1")


def test_an_index_is_told_as_the_device_that_it_means(smi: None) -> None:
    """Two runners that see different devices call each of them 0."""
    assert find_devices({"CUDA_VISIBLE_DEVICES": "2,0"}).devices == ("GPU-1", "MIG-x")


@pytest.mark.parametrize("text", ["", "-1"])
def test_an_empty_list_means_none_whatever_the_machine_has(smi: None, text: str) -> None:
    assert find_devices({"CUDA_VISIBLE_DEVICES": text}).devices == ()


# -- workers -----------------------------------------------------------------------------------


def made(name: str, work: Work, gpus: str, names: list[str]) -> Engine:
    slots = slots_for(Gpus.parse(gpus), names)
    return get_engine(name)(EngineSettings(str(work.project.dir), slots=slots))


def seen(crew: Crew, workers: list[str]) -> list[str]:
    recipe = crew.work.transform(SEES)
    answers = [crew.answer(crew.send(worker, recipe, [0])) for worker in workers]
    return [values(outcomes(answer))[0].decode() for answer in answers]


@pytest.mark.parametrize("name", ["joblib", "dask", "ipyparallel"])
def test_a_worker_has_its_device_from_its_start_to_its_end(
    name: str, work: Work, names: list[str]
) -> None:
    """Against another runner's workers too; after SIGKILL the device is somebody else's."""
    whole = [shares_of(dict(slot)) for slot in slots_for(Gpus.parse("1"), names)]
    with made(name, work, "1", names) as engine, made("joblib", work, "0.5", names) as rival:
        crew, others = Crew(engine, work), Crew(rival, work)
        workers = crew.start(2)
        assert sorted(seen(crew, workers)) == [f'["{n}","cuda:0"]' for n in names]
        rival.start(3)
        others.until(lambda: others.all(Waiting))
        (waiting, *_) = others.all(Waiting)
        assert "4 of 4 taken" in waiting.reason
        assert f"pid {crew.pid(workers[0])}, in " in waiting.reason
        os.kill(crew.pid(workers[0]), signal.SIGKILL)
        crew.cause(workers[0])
        others.until(lambda: len(others.up()) == 2)  # the two halves of it, no third
        assert len(set(seen(others, others.up()))) == 1
        assert seen(crew, workers[1:])[0] not in seen(others, others.up())
        engine.scale(2)
        rival.close()
        crew.until(lambda: len(crew.up()) == 2)
        assert sorted(seen(crew, crew.up())) == [f'["{n}","cuda:0"]' for n in names]
        assert not any(map(is_free, whole))
    assert all(map(is_free, whole))


def test_two_workers_share_a_device_by_halves_and_a_whole_one_waits(
    work: Work, names: list[str]
) -> None:
    (one, _) = names
    with made("joblib", work, "0.5", [one]) as engine:
        crew = Crew(engine, work)
        assert seen(crew, crew.start(2)) == [f'["{one}","cuda:0"]'] * 2
        (whole,) = slots_for(Gpus.parse("1"), [one])
        assert not is_free(shares_of(dict(whole)))


def test_a_lease_ends_with_its_process_even_by_sigkill(names: list[str]) -> None:
    (slot, _) = slots_for(Gpus.parse("1"), names)
    code = (
        "import os, time\nfrom jupyter_datum.devices import hold, shares_of\n"
        "print(hold(shares_of(os.environ), 'a test'), flush=True)\ntime.sleep(600)"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **dict(slot)}, stdout=subprocess.PIPE
    )
    assert first.stdout is not None
    assert first.stdout.readline() == b"True\n"
    second = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **dict(slot)}, stdout=subprocess.PIPE
    )
    assert second.stdout is not None
    assert second.stdout.readline() == b"False\n"
    second.kill()
    first.kill()
    first.wait()
    second.wait()
    assert is_free(shares_of(dict(slot)))
    first.stdout.close()
    second.stdout.close()
