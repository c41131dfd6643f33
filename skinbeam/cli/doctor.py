"""Check the installation on this machine and suggest fixes: Python packages, fonts, GPU, caches, database."""

import importlib.util
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from skinbeam.model.document import DocumentResult, sha256_hex
from skinbeam.sweeps.health import HealthCheck

__all__ = ["MachineReport", "check_machine"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MachineReport(DocumentResult):
    """What a machine can do, with the fix for what is missing."""

    schema: ClassVar[str] = "skinbeam.doctor/1"

    checks: tuple[HealthCheck, ...]


def check_machine(extra_checks: Sequence[HealthCheck] = ()) -> MachineReport:
    """Return the checks of this machine, and the given ones after them."""
    checks = (
        _check("cores", True, str(os.cpu_count() or 1), ""),
        _check("python", True, platform.python_version(), ""),
        _module(
            "web app",
            ("skinbeam_clinic", "fastapi", "uvicorn", "python_multipart", "sqlalchemy", "cryptography"),
            "pip install skinbeam-clinic",
        ),
        _fonts(),
        _module("face mesh", ("mediapipe",), "make face; without it a small network and OpenCV's cascades find faces"),
        _gpu(),
        _check("database", True, f"SQLite {sqlite3.sqlite_version}; PostgreSQL by its address", ""),
        _cache(),
        *extra_checks,
    )
    return MachineReport(case_sha256=sha256_hex({}), seed=0, checks=checks)


def _check(name: str, ok: bool, state: str, fix: str) -> HealthCheck:
    return HealthCheck(name, ok, state, "" if ok else fix)


def _module(name: str, modules: tuple[str, ...], fix: str) -> HealthCheck:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return _check(name, not missing, f"missing: {', '.join(missing)}" if missing else "installed", fix)


def _fonts() -> HealthCheck:
    """Check the fonts of the PDF files, which are part of a package and not of the system."""
    package = importlib.util.find_spec("matplotlib")
    folders = [] if package is None else package.submodule_search_locations or []
    has_fonts = any((Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf").is_file() for folder in folders)
    return _check("fonts", has_fonts, "DejaVu" if has_fonts else "none", "pip install --force-reinstall matplotlib")


def _gpu() -> HealthCheck:
    """Check the GPU and packages that `skinbeam light --device cuda` needs."""
    from skinbeam.physics.numerics.gpu import missing_cuda_part

    lacks = missing_cuda_part()
    found = {
        None: "CUDA",
        "no-card": "none",
        "no-numba-cuda": "numba-cuda is missing",
        "no-toolkit": "no CUDA toolkit",
        "unfit-numpy": "numba-cuda does not work with this NumPy",
    }
    fix = "" if lacks in (None, "no-card") else 'pip install "skinbeam[gpu]"; '
    return _check(
        "gpu", lacks is None, found[lacks], f"{fix}not needed: the light command can run on one, and runs without"
    )


def _cache() -> HealthCheck:
    from skinbeam.physics import kernel_cache_folder

    folder = kernel_cache_folder()
    ground = next(parent for parent in (folder, *folder.parents) if parent.exists())
    writable = os.access(ground, os.W_OK)
    compiled = any(Path(folder).rglob("*.nbi")) if folder.exists() else False
    state = "compiled" if compiled else "empty: the first simulation compiles for some seconds"
    return _check(
        "kernel cache",
        writable,
        state if writable else "not writable",
        "set XDG_CACHE_HOME to a writable folder",
    )
