"""Command line of the evidence fit: `python -m research.evidence_fit fit|report|derived`.

It is run by `make evidence`, `make evidence-report` and `make derived`.
"""

import sys
import warnings
from pathlib import Path

from research.evidence_fit import page, report, ship
from research.evidence_fit.data import checks_sha256

__all__ = ["main"]

WORK = Path("build/evidence")


def main(arguments: list[str]) -> int:
    """Fit, run the checks, or do whichever of both is out of date; return the exit code."""
    warnings.filterwarnings("ignore", module="pytensor|arviz")  # of libraries that are missing and not needed
    if arguments == ["fit"]:
        return _fit()
    if arguments == ["report"]:
        report.run_checks(WORK)
        return 0
    if arguments == ["derived"]:
        return _renew()
    print("usage: python -m research.evidence_fit fit|report|derived", file=sys.stderr)
    return 2


def _fit() -> int:
    """Refit; replace the shipped draws when their inputs changed, else compare them with draws of another seed."""
    fresh = not ship.is_current()
    draws, record = ship.fit_models() if fresh else ship.fit_models(ship.PLAN.seed + 1)
    diagnostics = record["diagnostics"]
    print(", ".join(f"{name} {value}" for name, value in diagnostics.items()))
    faults = ship.diagnostic_faults(diagnostics)
    if not faults and fresh:
        ship.write_draws(draws, record)
        print("the inputs have changed: the shipped draws were replaced; run make evidence-report")
        return 0
    faults = faults or ship.disagreements(draws)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print("the draws agree with those that ship")
    return 1 if faults else 0


def _renew() -> int:
    """Refit if the inputs have changed, and run the checks if the draws or the checks have."""
    if not ship.is_current() and (failed := _fit()):
        return failed
    if page.load_checks()["inputs_sha256"] != checks_sha256():
        report.run_checks(WORK)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
