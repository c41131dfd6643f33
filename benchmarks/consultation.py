"""How long the plan of the first consultation takes, and what takes it: processor seconds of each part, and its share;
and how long the command takes at a terminal, to its first answers and to its end.

Run with `make bench`, or alone: `python benchmarks/consultation.py [CASE] [--runs 3]`. Processor seconds are those of
all threads and processes, so that other programs of the machine move them little; wall seconds stand beside them. A
part is what its functions take less what other parts take inside them, and the first run, which may compile, is not
counted. The parts are those of one process; the command works in several.
"""

import argparse
import contextlib
import functools
import importlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from machine import print_machine

from skinbeam.model.input_files import load_case
from skinbeam.plan.planner import make_plan

EXAMPLE = Path(__file__).parent.parent / "examples" / "first-consultation" / "case.toml"
# Part → the functions whose time it is, as module:function.
PARTS = {
    "light by packets": ("skinbeam.simulate.light.montecarlo:MonteCarlo._trace",),
    "light in layers": ("skinbeam.physics.light.discrete_ordinates:solve_layers",),
    "heat, one dimension": ("skinbeam.physics.heat.conduction_1d:conduct_1d",),
    "heat in r and z": ("skinbeam.physics.heat.axisymmetric:conduct_rz",),
    "heat beside a spot's axis": ("skinbeam.simulate.pulse.lateral_conduction:AxisRetention.apply",),
    "dose search": ("skinbeam.physics.damage.dose_search:dose_for_unit_omega_everywhere",),
    "damage integral": ("skinbeam.physics.damage.arrhenius:omega",),
    "ablation": (
        "skinbeam.physics.removal.pulse_train:ablate_train",
        "skinbeam.physics.removal.residual_heat:residual_damage_depth",
        "skinbeam.physics.removal.residual_heat:damage_reach",
    ),
    "columns": (
        "skinbeam.physics.removal.microbeam:column_heat",
        "skinbeam.physics.removal.microbeam:coagulated_column",
        "skinbeam.simulate.removal.microlesion:microlesion_model",
    ),
    "vessels": (
        "skinbeam.simulate.vessels.vessel_endpoints:vessel_closure_dose",
        "skinbeam.simulate.vessels.vessel_response:simulate_vessels",
        "skinbeam.simulate.vessels.purpura:is_skin_bruised",
    ),
    "skins drawn": ("skinbeam.response.skin_bank:SkinBank.skins",),
    "optics of skin": ("skinbeam.skin.properties:optical_properties", "skinbeam.skin.properties:thermal_properties"),
    "evidence": ("skinbeam.plan.expected_result:trial_expectation",),
    "rules and limits": (
        "skinbeam.suitability.judgement:judge_suitability",
        "skinbeam.response.limits:judge_limit",
    ),
}


class Clock:
    """Processor seconds of each part, without those of the parts inside it."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inside: list[float] = []

    def around(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return `work` with its time counted."""

        @functools.wraps(work)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            self._inside.append(0.0)
            try:
                return work(*args, **kwargs)
            finally:
                took = time.process_time() - start
                self.spent[part] += took - self._inside.pop()
                if self._inside:
                    self._inside[-1] += took

        return timed

    def watch(self, part: str, place: str) -> None:
        """Count the time of a function wherever it is called from."""
        module, _, name = place.partition(":")
        owner: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for step in path:
            owner = getattr(owner, step)
        work = getattr(owner, last)
        timed = self.around(part, work)
        setattr(owner, last, timed)
        for other in [each for key, each in sys.modules.items() if key.startswith("skinbeam")]:
            for key in [key for key, value in vars(other).items() if value is work]:
                setattr(other, key, timed)


# What the command tells at a terminal → what that is.
ANSWERS = {b"Decision": "the decision", b"keeps every limit": "the first setting"}


def command(case: Path) -> None:
    """Run `skinbeam consult` at a terminal, and print when it told what."""
    seen, terminal = os.openpty()
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "skinbeam", "consult", str(case), "-o", folder]
        before, started = _of_children(), time.perf_counter()
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=terminal):
            os.close(terminal)
            told: dict[str, float] = {}
            for line in _lines(seen):
                for words_of_it, name in ANSWERS.items():
                    if words_of_it in line:
                        told.setdefault(name, time.perf_counter() - started)
    wall, processor = time.perf_counter() - started, _of_children() - before
    print(f"the command: {wall:.1f} s, {processor:.1f} processor seconds")
    for name, after in told.items():
        print(f"{name + ' after':26s} {after:8.2f} s")


def _of_children() -> float:
    """Processor seconds of all processes that were started here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _lines(seen: int) -> Iterator[bytes]:
    """What is written to a terminal, until nobody holds it any more."""
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while written := os.read(seen, 4096):
            yield from written.split(b"\r")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="?", type=Path, default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    print_machine()
    case = load_case(asked.case)
    make_plan(case)
    clock = Clock()
    for part, places in PARTS.items():
        for place in places:
            clock.watch(part, place)
    wall, processor = [], []
    for _ in range(asked.runs):
        started, spent = time.perf_counter(), time.process_time()
        make_plan(case)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - spent)
    total = sum(processor)
    print(
        f"plan of {asked.case.parent.name}/{asked.case.name}: {statistics.median(wall):.1f} s, "
        f"{statistics.median(processor):.1f} processor seconds"
    )
    for part, took in [*clock.spent.most_common(), ("the rest", total - clock.spent.total())]:
        print(f"{part:26s} {took / asked.runs:8.2f} s {100 * took / total:6.1f} %")
    command(asked.case)


if __name__ == "__main__":
    main()
