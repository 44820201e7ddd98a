"""``--engine`` of a cell: a name, an address, or a cluster object of the kernel.

Only an address leaves the kernel, and goes into the signed recipe: an object would be of no use
in another process, nor tomorrow.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engines import choose_engine, engine_class, known_engines
from ..engines.choice import named_engines, secured
from ..errors import EngineError, UnknownEngineError
from ..hashing import hex_digest
from ..settings import defaults
from ..transform.recipe import data_dir


def engine_of(text: str, namespace: Mapping[str, Any]) -> str:
    """Return the engine as a recipe holds it.

    Parameters
    ----------
    text : str
        As written; ``$NAME`` is always an object of the kernel. Empty: the user's settings say
        it, whenever the recipe runs.
    namespace : mapping

    Raises
    ------
    UnknownEngineError
        If it is nothing that is known; names what there is.
    EngineError
        If an object is no cluster, or one that cannot be reached from another process.
    """
    if not text:
        engine_class(choose_engine(defaults().engine or "joblib"))
        return ""
    name = text.removeprefix("$")
    if text.startswith("$") or _is_object(name, namespace):
        if name not in namespace:
            raise EngineError(f"--engine {text}: the kernel has no name {name!r}")
        text = address_of(name, namespace[name])
    if text.startswith("joblib:") and "#" not in text:
        text = _of_joblib(text)
    engine_class(choose_engine(text))
    return text


def _of_joblib(text: str) -> str:
    """A backend of joblib's, with what makes it known in another process too."""
    name = text.partition(":")[2]
    parallel = sys.modules.get("joblib.parallel")
    if name == "dask":
        client = getattr(sys.modules.get("distributed.client"), "default_client", None)
        with contextlib.suppress(ValueError):  # there is none
            return secured(text, {"scheduler_host": client().scheduler.address} if client else {})
    factory = getattr(parallel, "BACKENDS", {}).get(name)
    module, known_as = getattr(factory, "__module__", ""), getattr(factory, "__qualname__", "")
    if factory is None or module.partition(".")[0] in ("joblib", ""):
        return text
    if module == "__main__" or not known_as.isidentifier():
        raise EngineError(
            f"--engine {text}: only this kernel knows the backend's {known_as!r}; put it into a "
            "module that others can import"
        )
    return secured(text, {"factory": f"{module}:{known_as}"})


def _is_object(name: str, namespace: Mapping[str, Any]) -> bool:
    if name not in namespace or name in known_engines() or name in named_engines():
        return False
    if not name.isidentifier():
        return False
    if isinstance(namespace[name], str):
        raise UnknownEngineError(name, (*known_engines(), f"${name} (text of the kernel)"))
    return True


def address_of(name: str, cluster: Any) -> str:
    """Return how another process reaches the cluster object `cluster`."""
    if isinstance(cluster, str):
        return cluster
    if (type(cluster).__module__ or "").partition(".")[0] == "ipyparallel":
        return f"ipyparallel:{_connection_file(name, cluster)}"
    scheduler = getattr(cluster, "scheduler", None)
    address = getattr(cluster, "scheduler_address", None) or getattr(scheduler, "address", None)
    if not isinstance(address, str) or not address:
        raise EngineError(
            f"--engine {name}: {type(cluster).__name__} is no cluster with a scheduler_address, "
            "nor one of ipyparallel's"
        )
    if address.startswith("inproc:"):
        raise EngineError(
            f"--engine {name}: this cluster lives in the kernel only ({address}). Make it with "
            "processes=True, or use --engine dask"
        )
    return secured(address, {**_scheme(name, address), **_tls(getattr(cluster, "security", None))})


def _scheme(name: str, address: str) -> dict[str, str]:
    """The module that has made the address's scheme known, where it is none of Dask's own: as
    that of dask-gateway. The runner imports it too."""
    registry = sys.modules.get("distributed.comm.registry")
    scheme = address.partition("://")[0]
    backend = registry.backends.get(scheme) if registry is not None else None
    module = type(backend).__module__
    if backend is None or module.partition(".")[0] == "distributed":
        return {}
    if module == "__main__":
        raise EngineError(
            f"--engine {name}: only this kernel knows addresses of the form {scheme}://; put the "
            f"class {type(backend).__name__} into a module that others can import"
        )
    return {"module": module}


def _tls(security: Any) -> dict[str, str]:
    """The files of a Dask cluster's security; what it holds in memory is kept as files."""
    plain = getattr(sys.modules.get("distributed.security"), "Security", object)
    if isinstance(security, plain) and type(security) is not plain and plain is not object:
        import cloudpickle

        return {"credentials": _kept(cloudpickle.dumps(security), "pickle")}
    found = {}
    for key, attribute in (("ca", "tls_ca_file"), ("cert", "tls_client_cert"),
                           ("key", "tls_client_key")):  # fmt: skip
        value = getattr(security, attribute, None)
        if value:
            text = str(value)
            found[key] = _kept(text.encode(), "pem") if "\n" in text else text
    return found


def _kept(data: bytes, ending: str) -> str:
    """Keep a certificate or key where this user's own signing key lies; return its path."""
    folder = data_dir() / "jupyter-datum" / "tls"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{hex_digest(data, 16)}.{ending}"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(data)
    return str(path)


def _connection_file(name: str, cluster: Any) -> str:
    """The file by which clients of an ipyparallel cluster connect."""
    profile_dir, number = getattr(cluster, "profile_dir", None), getattr(cluster, "cluster_id", "")
    if getattr(cluster, "cluster", None) is not None:  # a client knows its cluster
        return _connection_file(name, cluster.cluster)
    known = getattr(cluster, "_connection_file", None) or getattr(cluster, "url_file", None)
    suffix = f"-{number}" if number else ""
    path = Path(str(known or f"{profile_dir}/security/ipcontroller{suffix}-client.json"))
    if not path.is_file():
        raise EngineError(
            f"--engine {name}: there is no connection file {str(path)!r}. Start the cluster, or "
            "give the file: --engine ipyparallel:FILE.json"
        )
    return str(path.resolve())
