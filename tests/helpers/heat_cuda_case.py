"""A case of heat for the processor and for CUDA's simulator; run as a script, it prints what the simulator finds."""

import json
import math
import sys
from typing import Any

import numpy as np

from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.heat.three_dimensional import HeatEngine, History3D, conduct_xyz

FACES = [0.0, 3e-5, 5e-5, 9e-5], [0.0, 2e-5, 5e-5], [0.0, 1e-5, 3e-5, 6e-5, 1e-4]
MEDIUM = np.arange(24).reshape(3, 2, 4) % 3
BOIL = BoilingWater(375.0, 15.0, 1.5e9, 1.2e6)
CASES: dict[str, dict[str, Any]] = {
    "insulated": {},
    "film, boiling, cold below": {"surface": RobinBoundary(4e4, 290.0), "bottom": 300.0, "water": BOIL},
    "surface held cold": {"surface": RobinBoundary(math.inf, 280.0)},
    "long rest": {"interval_s": [5e-4, 0.2]},  # the processor ends it with implicit steps, which a card does not have
}


def run(name: str, engine: type[HeatEngine]) -> History3D:
    material = Material(np.array([0.3, 0.4, 0.5])[MEDIUM], np.array([3.3e6, 3.6e6, 3.8e6])[MEDIUM])
    source = HeatSource(np.array([1e11, 4e11, 9e11])[MEDIUM], [1.0, 0.0])
    options = {"interval_s": [5e-4, 4e-4]} | CASES[name]
    problem = HeatProblem(material, 307.0, source=source, tolerance_K=3.0, **options)
    return conduct_xyz(FACES, problem, engine)


if __name__ == "__main__":
    from skinbeam.physics.heat.three_dimensional_cuda import CudaHeatEngine

    found = {name: run(name, CudaHeatEngine) for name in CASES}
    print(
        json.dumps(
            {
                name: {
                    "final": h.final.tolist(),
                    "peak": h.peak.tolist(),
                    "heat_gain": h.heat_gain.tolist(),
                    "enthalpy": h.enthalpy.tolist(),
                    "steps": h.steps,
                }
                for name, h in found.items()
            }
        ),
        file=sys.stdout,
    )
