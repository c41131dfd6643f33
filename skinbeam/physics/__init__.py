"""Physical models of light, heat, damage and ablation on arrays in SI units.

The package knows no skin, no laser and no patient. Importing it sets the folder of compiled kernels on disk
(`numerics.kernel_cache` decides how long a compiled kernel stays valid) and makes idle threads sleep. Both must be set
before Numba is imported.
"""

import os
import tempfile
from importlib.metadata import version
from pathlib import Path

__all__ = ["kernel_cache_folder"]


def kernel_cache_folder() -> Path:
    """Return the folder of compiled kernels: the user's cache, or a temporary one where that cannot be written."""
    given = os.environ.get("XDG_CACHE_HOME")  # set but empty counts as not set
    try:
        root = Path(given) if given else Path.home() / ".cache"
    except RuntimeError:  # there is no home
        return _temporary_cache_folder()
    folder = root / "skinbeam" / f"kernels-{version('numba')}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return _temporary_cache_folder()
    return folder if os.access(folder, os.W_OK | os.X_OK) else _temporary_cache_folder()


def _temporary_cache_folder() -> Path:
    """Return a temporary folder that belongs to this user alone, since files in it are executed."""
    folder = Path(tempfile.gettempdir()) / f"skinbeam-kernels-{os.getuid()}-{version('numba')}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        trusted = folder.lstat().st_uid == os.getuid() and not folder.is_symlink() and os.access(folder, os.W_OK)
    except OSError:
        trusted = False
    return folder if trusted else Path(tempfile.mkdtemp(prefix="skinbeam-kernels-"))


os.environ["NUMBA_CACHE_DIR"] = str(kernel_cache_folder())
os.environ["NUMBA_CACHE_LOCATOR_CLASSES"] = ",".join(
    f"skinbeam.physics.numerics.kernel_cache.{name}" for name in ("KernelLocator", "LocatorOfOthers")
)
# Threads that wait awake take a core from whoever else needs it: on a busy machine a plan took ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
