"""Light engines side by side: how fast, how exact for the time, and how near to the exact values.

    python benchmarks/light.py [--mcml PATH] [--peers-python PATH] [--photons-scale X] [--runs 5] [--cores 1|2]

What is measured and what the rows mean stands in benchmarks/README.md; `light_tables` does it.
"""

import argparse
import os
from pathlib import Path

from machine import print_machine


def main() -> None:
    parser = argparse.ArgumentParser(description="Light engines side by side.")
    parser.add_argument("--mcml", type=Path, help="stock MCML program")
    parser.add_argument("--peers-python", type=Path, help="interpreter that has pmcxcl and pmmc")
    parser.add_argument("--photons-scale", type=float, default=1.0, help="photons of every run times this")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cores", type=int, choices=(1, 2), default=1)
    options = parser.parse_args()
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < options.cores:
        parser.error(f"--cores {options.cores}: this process may use {len(allowed)}")
    print_machine()
    os.sched_setaffinity(0, allowed[: options.cores])
    # Only now: OpenBLAS counts the cores when NumPy is imported, and its threads beyond them would wait for each other.
    from light_tables import print_tables

    print_tables(options, allowed)


if __name__ == "__main__":
    main()
