"""The stock MCML program, given by its path: how fast it is, and how much its figures scatter."""

import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from light_cases import Layered

__all__ = ["Figure", "Mcml"]

PARTS = 400  # a variance from 400 parts is itself good to 7 %


@dataclass(frozen=True)
class Figure:
    """A mean, its standard error, and the variance of one photon."""

    mean: float
    error: float
    variance: float


@dataclass(frozen=True)
class Mcml:
    """One case for one process a core.

    MCML seeds from the clock in whole seconds, so that processes started together trace the same photons. That does
    not change how long they take; the figures come from one process, `figures`.
    """

    program: Path
    case: Layered
    cores: tuple[int, ...]

    def rate(self, photons: int) -> float:
        """Photons per second of wall time, the photons shared among the cores."""
        share = photons // len(self.cores)
        with tempfile.TemporaryDirectory() as top:
            folders = [Path(top, str(core)) for core in self.cores]
            for folder in folders:
                folder.mkdir()
                (folder / "in.mci").write_text(self._input([share], self.case.rings))
            start = time.perf_counter()
            jobs = [self._start(folder, core) for folder, core in zip(folders, self.cores, strict=True)]
            codes = [job.wait() for job in jobs]
            seconds = time.perf_counter() - start
        if any(codes):
            raise SystemExit("MCML failed")
        return share * len(self.cores) / seconds

    def figures(self, photons: int) -> dict[str, Figure]:
        """Where the light goes, from `PARTS` runs of `photons` each that go on with one stream of random numbers.

        MCML prints four figures: the parts are small, so that their scatter is far above the rounding.
        """
        with tempfile.TemporaryDirectory() as top:
            (Path(top) / "in.mci").write_text(self._input([photons] * PARTS, 1))
            if self._start(Path(top), self.cores[0]).wait():
                raise SystemExit("MCML failed")
            parts = [self._read((Path(top) / f"{part}.mco").read_text()) for part in range(PARTS)]
        found = {}
        for name in parts[0]:
            values = [part[name] for part in parts]
            variance = statistics.variance(values)
            found[name] = Figure(statistics.fmean(values), (variance / PARTS) ** 0.5, variance * photons)
        return found

    def _start(self, folder: Path, core: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["taskset", "-c", str(core), self.program.resolve(), "in.mci"], cwd=folder, stdout=subprocess.DEVNULL
        )

    def _input(self, sizes: list[int], rings: int) -> str:
        case = self.case
        media = ["1.0", *(f"{t.n} {t.mua} {t.mus} {t.g} {t.thickness}" for t in case.layers), "1.0"]
        lines = ["1.0", f"{len(sizes)}"]
        for part, photons in enumerate(sizes):
            lines += [f"{part}.mco A", f"{photons}", f"{case.bin} {case.bin}", f"{case.depths} {rings} 1"]
            lines += [f"{len(case.layers)}", *media]
        return "\n".join(lines) + "\n"

    def _read(self, text: str) -> dict[str, float]:
        """The blocks RAT and A_l of an output file, each a heading, numbers with a comment, and an empty line."""
        blocks = [block.splitlines() for block in text.split("\n\n") if block.strip()]
        numbers = {
            lines[0].split()[0]: [float(line.split()[0]) for line in lines[1:]]
            for lines in blocks
            if lines[0].startswith(("RAT", "A_l"))
        }
        absorbed = {f"A {t.name}": value for t, value in zip(self.case.layers, numbers["A_l"], strict=True)}
        return {"Rd": numbers["RAT"][1], **absorbed}
