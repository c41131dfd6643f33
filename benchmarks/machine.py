"""What a benchmark ran on: processor, vectors, cores, memory, versions; and what others took of it meanwhile.

Plain Python, which imports no arrays: a benchmark names its machine before it decides how many threads they take.
"""

import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

__all__ = ["machine", "others_seconds", "print_machine"]

# Vectors of a processor, the widest last; several of them can be there.
_VECTORS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512vl", "avx512dq", "neon", "asimd", "sve")


def machine() -> str:
    """Return the processor by the names that it has for itself, its vectors, its cores and the memory, in one line."""
    told = _told("/proc/cpuinfo")
    model = told.get("model name", platform.processor() or "unknown processor")
    number = ", ".join(f"{name} {told[name]}" for name in ("cpu family", "model", "stepping") if name in told)
    flags = told.get("flags", told.get("Features", "")).split()
    vectors = " ".join(name for name in _VECTORS if name in flags) or "unknown"
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return (
        f"{model}{f' ({number})' if number else ''}, vectors {vectors}; {len(os.sched_getaffinity(0))} of "
        f"{os.cpu_count()} cores, {pages:.0f} GB; {platform.system()} {platform.machine()}"
    )


def print_machine(*packages: str) -> None:
    """Print where, when, with what and how."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    versions = ", ".join(f"{name} {version(name)}" for name in ("skinbeam", "numpy", "numba", *packages))
    print(machine())
    print(f"{time.strftime('%Y-%m-%d %H:%M')}; Python {platform.python_version()}, {versions}")
    print(" ".join([f"python benchmarks/{Path(sys.argv[0]).name}", *words]), flush=True)


def others_seconds() -> float:
    """CPU time that the machine has spent since it started on all but this process and its children that ended."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])


def _told(file: str) -> dict[str, str]:
    """The first value of each name in a file of Linux; empty where there is none."""
    path = Path(file)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.split(":", 1) for line in reversed(lines) if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}
