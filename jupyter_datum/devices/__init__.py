"""GPUs as a resource: which there are, how they are shared out, who holds them.

A *slot* is a worker's right to a device, to several, or to a fraction of one. A worker sees
its slot's devices alone, by ``CUDA_VISIBLE_DEVICES``, set before its first import; and it
holds a *lease* on them for its life, so that another notebook does not take them too.
"""

from .found import Found, find_devices
from .lease import ask_for, asked_for, hold, holders, holders_of, is_free
from .slots import DEVICE, LEASE, VISIBLE, Gpus, Share, Slot, device_of, shares_of, slots_for

__all__ = [
    "DEVICE",
    "LEASE",
    "VISIBLE",
    "Found",
    "Gpus",
    "Share",
    "Slot",
    "ask_for",
    "asked_for",
    "device_of",
    "find_devices",
    "hold",
    "holders",
    "holders_of",
    "is_free",
    "shares_of",
    "slots_for",
]
