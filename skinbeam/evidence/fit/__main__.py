"""`python -m skinbeam.evidence.fit fit|report`, as `make evidence` and `make evidence-report` run it."""

import sys
import warnings
from pathlib import Path

from skinbeam.evidence.fit import report, ship

__all__ = ["main"]

WORK = Path("build/evidence")


def main(arguments: list[str]) -> int:
    """Fit, or make the report; return the exit code."""
    warnings.filterwarnings("ignore", module="pytensor|arviz")  # of libraries that are missing and not needed
    if arguments == ["fit"]:
        return _fit()
    if arguments == ["report"]:
        report.make(WORK)
        return 0
    print("usage: python -m skinbeam.evidence.fit fit|report", file=sys.stderr)
    return 2


def _fit() -> int:
    """Refit; replace the shipped draws when their inputs changed, else hold draws of another seed against them."""
    fresh = not ship.shipped_matches()
    draws, record = ship.fit() if fresh else ship.fit(ship.PLAN.seed + 1)
    found = record["diagnostics"]
    print(", ".join(f"{name} {value}" for name, value in found.items()))
    faults = ship.faults(found)
    if not faults and fresh:
        ship.write(draws, record)
        print("the inputs have changed: the shipped draws were replaced; run make evidence-report")
        return 0
    faults = faults or ship.disagreements(draws)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print("the draws agree with those that ship")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
