"""Compile the kernels before the tests start, once: two workers that meet a new kernel each compile it.

Run as a program while the code is linted and typed. Kernels that no case of these reaches are compiled by their tests.
"""

import contextlib
import io

from paths import ROOT, TESTS

from skinbeam.cli import main

CASES = TESTS / "data" / "cases"
COMMANDS = [
    *(["simulate", str(file), "--draws", "2"] for file in sorted(CASES.glob("*.toml"))),
    *(
        ["light", str(file), "--method", "montecarlo", "--photons", "3200"]
        for file in sorted((ROOT / "examples" / "light").glob("*.toml"))
    ),
    ["threshold", str(CASES / "vessel.toml"), "--endpoint", "vessel-closure", "--draws", "2"],
    ["skin", str(CASES / "vessel.toml"), "--wavelength", "595", "--draws", "2"],
]

if __name__ == "__main__":
    for command in COMMANDS:
        # What a command says of its case does not matter here, and a case that is refused warms nothing.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main([*command, "--json"])
