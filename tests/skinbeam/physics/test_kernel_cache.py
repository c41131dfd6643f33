"""Kernels on disk: an edit of what a kernel calls is seen, any other is none, and broken files are mended."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import skinbeam

HELPER = "from numba import njit\n\n\n@njit(cache=True)\ndef step(x):\n    return x + {increment}\n"
CALLER = (
    "from numba import njit\n\nfrom skinbeam.physics.numerics.helper import step\n\n\n"
    "@njit(cache=True)\ndef twice(x):\n    return step(step(x))\n"
)
RUN = "import skinbeam.physics; from skinbeam.physics.light.caller import twice; print(twice(1.0))"


class Package:
    """A small package with a kernel that calls a helper of another room, and its cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        source = Path(skinbeam.__file__).parent
        names = (
            "__init__",
            "_version",
            "physics/__init__",
            "physics/numerics/__init__",
            "physics/numerics/kernel_cache",
        )
        for name in (*names, "physics/light/__init__"):
            (folder / "skinbeam" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / f"{name}.py", folder / "skinbeam" / f"{name}.py")
        self.write("numerics/helper", HELPER.format(increment="1.0"))
        self.write("light/caller", CALLER)
        self.write("light/other", "X = 1\n")

    def write(self, name: str, content: str) -> None:
        (self.folder / "skinbeam" / "physics" / f"{name}.py").write_text(content)

    def run(self, code: str = RUN, **environment: str) -> subprocess.CompletedProcess[str]:
        own = os.environ | {"PYTHONPATH": str(self.folder), "XDG_CACHE_HOME": str(self.cache)} | environment
        for name in ("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES"):
            own.pop(name, None)
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=own, cwd=self.folder
        )

    def value(self) -> float:
        return float(self.run().stdout)

    def files(self, ending: str) -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in self.cache.rglob(f"*{ending}")}


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return Package(tmp_path)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A package whose kernels are on disk; who breaks them leaves them compiled anew."""
    package = Package(tmp_path_factory.mktemp("compiled"))
    package.value()
    return package


def test_a_changed_helper_changes_its_caller(package: Package) -> None:
    assert package.value() == 3.0
    before = package.files(".nbi")
    assert before, "the kernel was not kept on disk, so this test would show nothing"
    assert package.value() == 3.0
    assert package.files(".nbi") == before
    package.write("numerics/helper", HELPER.format(increment="10.0"))
    assert package.value() == 21.0


SUMS = (
    "import numpy as np\nfrom numba import njit, prange\n\n\n"
    "@njit(cache=True, parallel=True)\ndef total(x):\n    found = np.sum(np.zeros(3))\n"  # functions of `numba.np`
    "    for i in prange(x.size):\n        found += x[i]\n    return found\n"
)


def test_a_kept_kernel_is_loaded_without_the_compiler_which_still_compiles_others(package: Package) -> None:
    package.write("light/sums", SUMS)
    kept = (
        "import sys; import numpy as np; import skinbeam.physics\n"
        "from skinbeam.physics.light.caller import twice; from skinbeam.physics.light.sums import total\n"
        "print(twice(1.0), total(np.arange(1000.0)), 'numba.np.arraymath' in sys.modules)"
    )
    assert package.run(kept).stdout.split() == ["3.0", "499500.0", "True"]
    assert package.run(kept).stdout.split() == ["3.0", "499500.0", "False"]
    # A complex number and an array of integers are other types, which were not compiled for.
    others = "; print(twice(1j), total(np.arange(1000)), 'numba.np.arraymath' in sys.modules)"
    assert package.run(kept + others).stdout.split()[3:] == ["(2+1j)", "499500.0", "True"]


USER = (
    "from numba import njit\n\nfrom skinbeam.physics.light.caller import twice\n\n\n"
    "@njit(cache=True)\ndef four(x):\n    return twice(twice(x))\n"
)


def test_a_kernel_can_call_a_kept_one_whose_code_for_the_compiler_was_not_read(package: Package) -> None:
    package.write("light/user", USER)
    unread = "print((*twice.overloads.values(),)[0].library._shared_module is None)\n"
    kept = f"import skinbeam.physics; from skinbeam.physics.light.caller import twice; print(twice(1.0)); {unread}"
    assert package.run(kept).stdout.split() == ["3.0", "False"]  # just compiled
    assert package.run(kept).stdout.split() == ["3.0", "True"]
    calls = f"{kept}from skinbeam.physics.light.user import four; print(four(1.0)); {unread}"
    assert package.run(calls).stdout.split() == ["3.0", "True", "5.0", "False"]  # read to compile its caller
    assert package.run(calls).stdout.split() == ["3.0", "True", "5.0", "True"]


def test_a_file_that_no_kernel_imports_compiles_nothing_anew(package: Package) -> None:
    package.value()
    before = package.files("")
    package.write("light/other", "X = 2\n")
    assert package.value() == 3.0
    assert package.files("") == before


EMPTY, CUT, OVERWRITTEN = b"", b"cut off", bytes(range(256)) * 16


@pytest.mark.parametrize(
    ("broken", "ending"),
    [
        *((EMPTY, ".nbc"), (CUT, ".nbi"), (OVERWRITTEN, ".nbc")),
        *(
            pytest.param(*pair, marks=pytest.mark.long)
            for pair in ((EMPTY, ".nbi"), (CUT, ".nbc"), (OVERWRITTEN, ".nbi"))
        ),
    ],
)
def test_a_broken_file_is_removed_and_compiled_anew(compiled: Package, broken: bytes, ending: str) -> None:
    package = compiled
    whole = {file: file.read_bytes() for file in package.files(ending)}
    assert whole
    for file, content in whole.items():
        file.write_bytes(content[: len(content) // 2] if broken == CUT else broken)
    done = package.run()
    assert float(done.stdout) == 3.0
    warnings = [line for line in done.stderr.splitlines() if "damaged" in line]
    assert warnings
    assert len(warnings) <= len(whole)  # of a caller that is compiled anew the helper's file may not be asked for
    assert package.run().stderr == ""


def test_where_no_cache_can_be_written_a_temporary_folder_takes_its_place(package: Package, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = package.run(XDG_CACHE_HOME=str(tmp_path / "file" / "below"), TMPDIR=str(tmp_path))
    assert float(done.stdout) == 3.0
    (temporary,) = tmp_path.glob("skinbeam-kernels-*")
    assert list(temporary.rglob("*.nbi"))
    assert temporary.stat().st_mode & 0o077 == 0  # what lies in it is run


def test_a_disk_that_is_full_costs_the_cache_and_nothing_else(package: Package) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
    done = package.run(full + RUN)
    assert float(done.stdout) == 3.0
    (warning,) = done.stderr.splitlines()
    assert "cannot be kept" in warning
    assert not package.files(".nbi")
    assert not package.files(".nbc")


def test_a_home_that_cannot_be_written_is_none(package: Package, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = "import skinbeam.physics as p; print(p.kernel_cache_folder())"
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        done = package.run(code, XDG_CACHE_HOME="", HOME=str(home), TMPDIR=str(tmp_path))
        assert Path(done.stdout.strip()).parent == tmp_path


def test_an_empty_name_of_the_cache_counts_as_none(package: Package, tmp_path: Path) -> None:
    code = "import skinbeam.physics as p; print(p.kernel_cache_folder())"
    found = Path(package.run(code, XDG_CACHE_HOME="", HOME=str(tmp_path)).stdout.strip())
    assert found.is_relative_to(tmp_path / ".cache")


def test_a_locator_that_another_package_registered_is_asked(package: Package) -> None:
    """Otherwise a package that compiles generated code fails as soon as this one is imported."""
    code = (
        "import skinbeam.physics\n"
        "from numba import njit\n"
        "from numba.core import caching\n"
        "class Registered(caching._CacheLocator):\n"
        "    def __init__(self, folder): self.folder = folder\n"
        "    def get_cache_path(self): return self.folder\n"
        "    def get_source_stamp(self): return 1\n"
        "    def get_disambiguator(self): return 'x'\n"
        "    @classmethod\n"
        "    def from_function(cls, func, file): return cls(r'{folder}') if file == '<generated>' else None\n"
        "caching.CacheImpl._locator_classes.insert(0, Registered)\n"
        "space = {{}}\n"
        "exec(compile('def half(x):\\n    return x / 2', '<generated>', 'exec'), space)\n"
        "print(njit(cache=True)(space['half'])(3.0))\n"
    )
    folder = package.folder / "generated"
    folder.mkdir()
    assert package.run(code.format(folder=folder)).stdout == "1.5\n"
    assert list(folder.glob("*.nbi"))
