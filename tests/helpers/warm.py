"""Compile the kernels before the tests start, once: two workers that meet a new kernel each compile it.

Run as a program while the code is linted and typed. A second process compiles what no short command reaches: heat about
an axis, heat in three dimensions, light in voxels. Kernels that nothing of this reaches are compiled by their tests.
"""

import contextlib
import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
from paths import ROOT, TESTS

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


def run_commands() -> None:
    from skinbeam.cli import main

    for command in COMMANDS:
        # What a command says of its case does not matter here, and a case that is refused warms nothing.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main([*command, "--json"])


def run_engines() -> None:
    """Heat in cells and light in voxels, each in the smallest problem that has all of it."""
    import heat_cuda_case
    from cuda_cases import CASES as LIT_CASES

    from skinbeam.physics.heat.axisymmetric import conduct_rz
    from skinbeam.physics.heat.cells import HeatSource, Material
    from skinbeam.physics.heat.problem import HeatProblem
    from skinbeam.physics.heat.three_dimensional import HeatEngine
    from skinbeam.physics.light.photons import trace_batch
    from skinbeam.simulate.light.space import VoxelSpace

    faces, lit_cube = np.linspace(0.0, 1e-4, 5), LIT_CASES["cube"]
    assert isinstance(lit_cube.space, VoxelSpace)
    pulse = HeatSource(np.full((4, 4), 1e11), [1.0, 0.0])
    conduct_rz((faces, faces), HeatProblem(Material(0.4, 3.6e6), 307.0, [5e-4, 0.2], pulse, heat_cuda_case.BOIL))
    for name in heat_cuda_case.CASES:
        heat_cuda_case.run(name, HeatEngine)
    of_several_indices = replace(lit_cube.space, n=[1.4, 1.5, 1.4]).build_scene(lit_cube.beam)[0]
    trace_batch(of_several_indices, lit_cube.tally, 8, seed=0, batch=0)


if __name__ == "__main__":
    if "engines" in sys.argv:
        run_engines()
    else:
        with subprocess.Popen([sys.executable, __file__, "engines"]) as engines:
            run_commands()
        sys.exit(engines.returncode)
