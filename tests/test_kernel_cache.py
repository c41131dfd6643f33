"""An edit of a function that a compiled kernel calls must be seen, also from the cache on disk."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import skinbeam

HELPER = "from numba import njit\n\n\n@njit(cache=True)\ndef _step(x):\n    return x + {increment}\n"
CALLER = (
    "from numba import njit\n\nfrom skinbeam.physics._step_helper import _step\n\n\n"
    "@njit(cache=True)\ndef twice(x):\n    return _step(_step(x))\n"
)


def run(package: Path, cache: Path) -> float:
    environment = os.environ | {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(cache)}
    environment.pop("NUMBA_CACHE_DIR", None)
    code = "import skinbeam.physics; from skinbeam.physics._step_caller import twice; print(twice(1.0))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=package
    )
    return float(done.stdout)


def test_a_changed_helper_changes_its_caller(tmp_path: Path) -> None:
    source = Path(skinbeam.__file__).parent
    package = tmp_path / "skinbeam"
    package.mkdir()
    for name in ("__init__.py", "_version.py", "physics/__init__.py"):
        (package / name).parent.mkdir(exist_ok=True)
        shutil.copy(source / name, package / name)
    helper, caller = package / "physics" / "_step_helper.py", package / "physics" / "_step_caller.py"
    caller.write_text(CALLER)
    helper.write_text(HELPER.format(increment="1.0"))
    assert run(tmp_path, tmp_path / "cache") == 3.0
    assert run(tmp_path, tmp_path / "cache") == 3.0
    folders = list((tmp_path / "cache" / "skinbeam" / "kernels").iterdir())
    assert len(folders) == 1
    assert list(folders[0].rglob("*.nbi")), "the kernel was not kept on disk, so this test would show nothing"
    helper.write_text(HELPER.format(increment="10.0"))
    assert run(tmp_path, tmp_path / "cache") == 21.0
