"""How long the plan of the first consultation takes, and what takes it: processor seconds of each part, and its share.

Run with `make bench`, or alone: `python benchmarks/consultation.py [CASE] [--runs 3]`. Processor seconds are those of
all threads, so that other programs of the machine move them little; wall seconds stand beside them. A part is what its
functions take less what other parts take inside them, and the first run, which may compile, is not counted.
"""

import argparse
import functools
import importlib
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skinbeam.plan.plan import make_plan
from skinbeam.schema.load import load_case

EXAMPLE = Path(__file__).parent.parent / "examples" / "first-consultation" / "case.toml"
# Part → the functions whose time it is, as module:function.
PARTS = {
    "light by packets": ("skinbeam.simulate.light.montecarlo:MonteCarlo._traced",),
    "light in layers": ("skinbeam.physics.light.ordinates:solve",),
    "heat, one dimension": ("skinbeam.physics.heat.row:conduct",),
    "heat in r and z": ("skinbeam.physics.heat.rz:conduct_rz",),
    "heat beside a spot's axis": ("skinbeam.simulate.pulse.sideways:Kept.apply",),
    "dose search": ("skinbeam.physics.damage.dose_search:dose_for_unit_omega_at_all",),
    "damage integral": ("skinbeam.physics.damage.arrhenius:omega",),
    "ablation": (
        "skinbeam.physics.removal.drying:train",
        "skinbeam.physics.removal.residual:damaged_depth",
        "skinbeam.physics.removal.residual:farthest_damage",
    ),
    "columns": (
        "skinbeam.physics.removal.microbeam:column_heat",
        "skinbeam.physics.removal.microbeam:column",
        "skinbeam.simulate.removal.microlesion:lesions",
    ),
    "vessels": (
        "skinbeam.simulate.vessels.ends:vessel_closure",
        "skinbeam.simulate.vessels.lumen:respond_vessels",
        "skinbeam.simulate.vessels.purpura:bruised_around",
    ),
    "skins drawn": ("skinbeam.plan.search.bank:SkinBank.skins",),
    "optics of skin": ("skinbeam.skin.properties:optics", "skinbeam.skin.properties:thermal"),
    "evidence": ("skinbeam.plan.expected:expected_of",),
    "rules and limits": ("skinbeam.plan.rules.suitability:judge", "skinbeam.plan.search.limits:judge_limit"),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="?", type=Path, default=EXAMPLE)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
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


if __name__ == "__main__":
    main()
