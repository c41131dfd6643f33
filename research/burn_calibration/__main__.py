"""Command line of the burn calibration: `python -m research.burn_calibration fit|report|derived`.

It is run by `make practice`, `make practice-report` and `make derived`.
"""

import sys
import warnings

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Fit, run the checks that the page prints, or do whichever of both is out of date; return the exit code."""
    warnings.filterwarnings("ignore", module="pytensor|arviz")  # of libraries that are missing and not needed
    from research.burn_calibration.checks import PRACTICE_CHECKS
    from research.burn_calibration.posterior import BURN_CALIBRATION

    tables = {"fit": (BURN_CALIBRATION,), "report": (PRACTICE_CHECKS,), "derived": (BURN_CALIBRATION, PRACTICE_CHECKS)}
    if len(arguments) != 1 or arguments[0] not in tables:
        print("usage: python -m research.burn_calibration fit|report|derived", file=sys.stderr)
        return 2
    for table in tables[arguments[0]]:
        if arguments[0] != "derived" or table.is_stale():
            table.write()
            print(f"made {table.name}")
        else:
            print(f"{table.name} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
