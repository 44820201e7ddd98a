"""What comes in a pickle leaves the classes of this process as they are."""

from __future__ import annotations

import subprocess
import sys
import types
from typing import Any

import cloudpickle

from jupyter_datum.hashing import decode_value, encode_value, unpickled, value_digest

KERNEL = """
import enum
SCALE = 1
class Model:
    def scale(self):
        return SCALE
class Kind(enum.Enum):
    ONE = 1
    def scale(self):
        return SCALE
"""


def kernel() -> dict[str, Any]:
    """Names as a kernel has them: of a module that can be imported nowhere."""
    module = types.ModuleType("__main__")
    exec(KERNEL, module.__dict__)
    return module.__dict__


def test_a_class_of_the_kernel_goes_on_seeing_the_kernels_names() -> None:
    names = kernel()
    for value in (names["Model"](), names["Kind"].ONE):
        names["SCALE"] = 1
        back = decode_value(encode_value([value]))[0]
        assert type(back) is type(value)
        names["SCALE"] = 2
        assert (value.scale(), back.scale()) == (2, 2), "its methods are those of the kernel"


def test_in_a_worker_what_came_last_counts() -> None:
    names = kernel()
    model = names["Model"]()
    first = cloudpickle.dumps(model)
    names["Model"].scale = lambda self: 77
    second = cloudpickle.dumps(model)
    code = (
        "import sys\nfrom jupyter_datum.hashing import unpickled\n"
        f"print(unpickled({first!r}).scale(), unpickled({second!r}).scale())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "77"]
    assert unpickled(first).scale() == 77, "here it is the class as it stands"


def test_the_order_of_a_dict_counts_where_code_goes_through_it() -> None:
    one, other = {"b": 1, "a": [2]}, {"a": [2], "b": 1}
    assert value_digest(one) == value_digest(other)
    assert value_digest(one, ordered=True) != value_digest(other, ordered=True)
    flat = {"b": 1, "a": 2}, {"a": 2, "b": 1}
    assert value_digest(flat[0], ordered=True) != value_digest(flat[1], ordered=True)
    assert value_digest([one], ordered=True) != value_digest([other], ordered=True)


def test_the_order_of_attributes_never_counts() -> None:
    class Thing:
        pass

    one, other = Thing(), Thing()
    one.a, one.b = 1, [2]  # type: ignore[attr-defined]
    other.b, other.a = [2], 1  # type: ignore[attr-defined]
    assert value_digest(one, ordered=True) == value_digest(other, ordered=True)
