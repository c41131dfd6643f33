"""Light, heat, damage and ablation on SI arrays. No skin, no laser, no patient.

Numba keeps compiled kernels on disk, but does not notice when a function that a kernel calls has changed. So the
cache folder is named by a hash of every file here, Numba's version and the processor, before Numba is imported:
an edit anywhere starts a fresh folder.
"""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["kernel_cache_folder"]


def kernel_cache_folder() -> Path:
    """Return the folder of compiled kernels for this state of the sources, this Numba and this processor."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    for part in (version("numba"), platform.python_version(), platform.machine(), _processor()):
        digest.update(part.encode())
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return root / "skinbeam" / "kernels" / digest.hexdigest()[:16]


def _processor() -> str:
    """The model and instruction set of the processor: code compiled for one may not run on another."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor()
    lines = info.read_text(errors="replace").splitlines()
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


os.environ["NUMBA_CACHE_DIR"] = str(kernel_cache_folder())
