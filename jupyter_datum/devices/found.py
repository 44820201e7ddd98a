"""Which devices there are: asked of four places, the first that answers counts."""

from __future__ import annotations

import importlib
import re
import subprocess
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from .slots import VISIBLE

#: An explicit list, with commas. Names that no driver knows are taken too: so a test, or CI,
#: proves who gets what on a machine without a GPU.
EXPLICIT: Final = "JUPYTER_DATUM_DEVICES"
_UUID: Final = re.compile(r"^(\s*)(GPU|MIG) .*\(UUID: ([^)]+)\)", re.MULTILINE)
_SMI_SECONDS: Final = 10


class Found(NamedTuple):
    """Devices by the names that CUDA takes, and where they were looked for."""

    devices: tuple[str, ...]
    looked: tuple[str, ...]


def find_devices(environ: Mapping[str, str]) -> Found:
    """Return the devices that workers may have.

    Parameters
    ----------
    environ : mapping
        Of the kernel, as far as it is known.
    """
    if EXPLICIT in environ:
        return Found(_names(environ[EXPLICIT]), (f"{EXPLICIT}={environ[EXPLICIT]}",))
    if VISIBLE in environ:
        text = environ[VISIBLE]
        # CUDA takes the names up to the first that it does not know, as -1.
        names = _names(text.partition("-1")[0] if text.startswith("-1") else text)
        return Found(_by_uuid(names), (f"{VISIBLE}={text!r}",))
    looked = []
    for where, ask in (("NVML (pynvml)", _nvml), ("nvidia-smi -L", _smi)):
        names, why = ask()
        looked.append(f"{where}: {why}" if why else where)
        if names:
            return Found(names, tuple(looked))
    return Found((), (f"{EXPLICIT} and {VISIBLE} are not set", *looked))


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _by_uuid(names: tuple[str, ...]) -> tuple[str, ...]:
    """Indices as UUIDs, where somebody can tell: an index means another device to whoever
    sees fewer, and a lease is by the device."""
    if not any(name.isdigit() for name in names):
        return names
    known = _nvml()[0] or _smi()[0]
    return tuple(
        known[int(name)] if name.isdigit() and int(name) < len(known) else name for name in names
    )


def _nvml() -> tuple[tuple[str, ...], str]:
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except ImportError:
        return (), "not installed"
    except Exception as exc:  # of the library's own classes: no driver
        return (), str(exc)
    try:
        count = nvml.nvmlDeviceGetCount()
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
        return tuple(_text(nvml.nvmlDeviceGetUUID(h)) for g in handles for h in _parts(nvml, g)), ""
    except Exception as exc:
        return (), str(exc)
    finally:
        nvml.nvmlShutdown()


def _parts(nvml: Any, handle: Any) -> list[Any]:
    """The MIG devices of a GPU that is divided, else the GPU."""
    try:
        if not nvml.nvmlDeviceGetMigMode(handle)[0]:
            return [handle]
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(handle)
    except Exception:  # a GPU that cannot be divided
        return [handle]
    found = []
    for index in range(most):
        try:
            found.append(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index))
        except Exception:  # no instance of that number
            continue
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _smi() -> tuple[tuple[str, ...], str]:
    try:
        done = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=_SMI_SECONDS, check=True
        )
    except FileNotFoundError:
        return (), "no such program"
    except (OSError, subprocess.SubprocessError) as exc:
        return (), str(exc)
    return _of_smi(done.stdout), "" if done.stdout.strip() else "it lists none"


def _of_smi(text: str) -> tuple[str, ...]:
    """MIG devices stand, indented, below the GPU that they are parts of, and in its place."""
    found: list[tuple[str, list[str]]] = []
    for _, kind, uuid in _UUID.findall(text):
        if kind == "GPU":
            found.append((uuid, []))
        elif found:
            found[-1][1].append(uuid)
    return tuple(uuid for gpu, parts in found for uuid in (parts or [gpu]))
