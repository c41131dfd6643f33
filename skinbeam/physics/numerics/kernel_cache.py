"""Cache compiled Numba kernels on disk and invalidate them when their source changes.

Numba checks whether the file that holds a kernel has changed, but not whether the files that it imports have. With this
module a kernel is valid as long as its own file and all files of this package that it imports, directly or indirectly,
are unchanged. Changes in other files do not matter.

A kernel is loaded without the declarations of Numba's compiler, which take longer to read than the kernels of a plan,
without the modules of Numba that its functions came from, and without its code for the compiler. The compiler reads
them itself before it compiles.

A cache file that was cut off, emptied or overwritten is removed with one line on stderr, and its kernel is compiled
again. A cache file that cannot be written is skipped, with one line for all of them.
Numba finds this module by the name in `NUMBA_CACHE_LOCATOR_CLASSES`, which `skinbeam.physics` sets.
"""

import hashlib
import pickle
import platform
import re
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from llvmlite.binding import parse_assembly, parse_bitcode
from numba.core import caching
from numba.core.environment import Environment, _rebuild_env, lookup_environment
from numba.core.runtime import rtsys

__all__ = ["KernelLocator", "LocatorOfOthers", "import_closure"]

_PACKAGE = Path(__file__).parents[2]
_IMPORT_PATTERN = re.compile(
    rf"^\s*(?:from|import) {_PACKAGE.name}\.([\w.]+)(?: import ([\w, ]+|\([^)]*\)))?", re.MULTILINE
)
_HASH = hashlib.sha256
_HASH_BYTES = 32


@cache
def import_closure(file: Path) -> tuple[Path, ...]:
    """Return a file and all files of this package that it imports, directly or not, sorted."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported_files(path)
    return tuple(sorted(found))


@cache
def _imported_files(file: Path) -> tuple[Path, ...]:
    """Return the files of this package that a file imports, whether as modules or as names from a package."""
    paths = []
    for module, names in _IMPORT_PATTERN.findall(file.read_text(encoding="utf-8")):
        base = _PACKAGE.joinpath(*module.split("."))
        paths += [base.with_suffix(".py"), *(base / f"{name}.py" for name in re.findall(r"\w+", names))]
    return tuple(path for path in paths if path.is_file())


@cache
def _source_stamp(file: Path) -> str:
    """Return a hash of what a kernel depends on: the files in the import closure of its file, and the processor."""
    digest = _HASH()
    for path in import_closure(file):
        digest.update(_HASH(path.read_bytes()).digest())
    digest.update(_machine_fingerprint().encode())
    return digest.hexdigest()


@cache
def _machine_fingerprint() -> str:
    """Return the Python version, and the model and instruction set of the processor.

    Code that is compiled for one processor may not run on another.
    """
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else [platform.processor()]
    processor_lines = {line for line in lines if line.startswith(("model name", "flags", "Features"))} or set(lines)
    return "\n".join((platform.python_version(), platform.machine(), *sorted(processor_lines)))


class KernelLocator(caching.UserProvidedCacheLocator):  # type: ignore[misc] # numba has no types
    """Locate the cached kernels of a file of this package and tell Numba whether they are still valid."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "KernelLocator | None":
        """Return the locator of a function, or None for another package, which `LocatorOfOthers` serves."""
        if not Path(py_file).resolve().is_relative_to(_PACKAGE):
            return None
        locator: KernelLocator | None = super().from_function(py_func, py_file)
        return locator

    def get_source_stamp(self) -> str:
        """Return the hash of all that the kernel depends on."""
        return _source_stamp(Path(self._py_file).resolve())


class LocatorOfOthers:
    """Locates the cached kernels of other packages as Numba would without this one.

    A package may have registered a locator of its own with Numba, as PyTensor does for kernels that have no file.
    """

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        """Return the first locator that Numba has for a function, or None; `NUMBA_CACHE_DIR` is for this package."""
        for locator_class in caching.CacheImpl._locator_classes:
            if locator_class is caching.UserProvidedCacheLocator:
                continue
            locator = locator_class.from_function(py_func, py_file)
            if locator is not None:
                return locator
        return None


class _CheckedCacheFile(caching.IndexDataCacheFile):  # type: ignore[misc] # numba has no types
    """Numba's cache files, each with a hash of its content in front, so that a damaged file is detected before use."""

    def _load_index(self) -> dict[Any, str]:
        content = _read_checked(Path(self._index_path))
        stamp, overloads = pickle.loads(content) if content is not None else (None, {})
        return overloads if stamp == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._save(self._index_path, ((self._version, self._source_stamp), overloads))

    def _load_data(self, name: str) -> Any:
        content = _read_checked(Path(self._data_path(name)))
        return None if content is None else _KernelUnpickler(BytesIO(content)).load()

    def _save_data(self, name: str, data: Any) -> None:
        self._save(self._data_path(name), data)

    def _save(self, path: str, value: Any) -> None:
        content = self._dump(value)
        try:
            with self._open_for_write(path) as file:
                file.write(_HASH(content).digest() + content)
        except OSError as error:
            _warn_not_cached(error.strerror)


class _KernelUnpickler(pickle.Unpickler):
    """Reads a kernel; the environments of its functions import no modules of Numba."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a global name stands for."""
        if (module, name) == (_rebuild_env.__module__, _rebuild_env.__name__):
            return _make_environment
        return super().find_class(module, name)


def _make_environment(module: str, constants: list[Any], name: str) -> Environment:
    """Return the environment of a compiled function, as Numba does.

    Compiled code reads the constants. It never reads the globals, the names of the module in which the function stands:
    for Numba's own functions, such as `np.empty`, the module is not imported.
    """
    if lookup_environment(name) is not None or module in sys.modules or module.partition(".")[0] != "numba":
        return _rebuild_env(module, constants, name)
    environment = Environment({})
    environment.consts[:] = constants
    environment.env_name = name
    Environment._memo[name] = environment
    return environment


@cache
def _warn_not_cached(why: str) -> None:
    """Warn on stderr that the cache cannot be written, once instead of once for every kernel."""
    print(f"skinbeam: compiled kernels cannot be kept: {why}", file=sys.stderr)


def _read_checked(path: Path) -> bytes | None:
    """Return the content that follows the hash, or None if there is no file or the file is damaged.

    A damaged file is removed.
    """
    try:
        read = path.read_bytes()
    except OSError:
        return None
    content = read[_HASH_BYTES:]
    if _HASH(content).digest() == read[:_HASH_BYTES]:
        return content
    print(f"skinbeam: {path} is damaged; it is removed and its kernel compiled anew", file=sys.stderr)
    path.unlink(missing_ok=True)
    return None


_load_with_declarations = caching.Cache.load_overload


def _load_overload(cache: Any, signature: Any, target_context: Any) -> Any:
    """Return a cached kernel, or None; kernels of other packages are loaded as Numba does."""
    if not isinstance(cache._impl.locator, KernelLocator):
        return _load_with_declarations(cache, signature, target_context)
    rtsys.initialize(target_context)  # of the declarations' work the only part that a compiled kernel needs
    with cache._guard_against_spurious_io_errors():
        payload = cache._cache_file.load(cache._index_key(signature, target_context.codegen()))
        if payload is None:
            return None
        (name, kind, (machine_code, bitcode)), function, *others = payload
        names = (function.llvm_func_name, function.llvm_cpython_wrapper_name, function.llvm_cfunc_wrapper_name)
        # Numba would take the names from the code that is not read: it asks for no address of an unknown name.
        known = target_context.codegen()._engine._defined_symbols
        known.update(name for name in names if name.encode() in machine_code)
        stored = (name, kind, (machine_code, _empty_bitcode()))
        kernel = cache._impl.rebuild(target_context, (stored, function, *others))
        _LinkedLater(kernel.library, bitcode)
        return kernel


class _LinkedLater:
    """Reads the code of a loaded kernel for the compiler not before it compiles another kernel that calls this one.

    Reading it takes longer than loading the kernel.
    """

    def __init__(self, library: Any, bitcode: bytes) -> None:
        self._library, self._bitcode = library, bitcode
        library._shared_module = None
        library._get_module_for_linking = self._read_module

    def _read_module(self) -> Any:
        del self._library._get_module_for_linking  # from now on the library's own method, which finds the module
        module = parse_bitcode(self._bitcode)
        self._library._shared_module = module
        self._library._codegen._engine._load_defined_symbols(module)
        return module


@cache
def _empty_bitcode() -> bytes:
    """Return the code of a module without functions."""
    return bytes(parse_assembly("").as_bitcode())


caching.IndexDataCacheFile = _CheckedCacheFile
caching.Cache.load_overload = _load_overload
