"""Cases of light that both the processor and CUDA's simulator fly; run as a script, it prints what the simulator finds.

Media are thin, since the simulator takes half a millisecond for a step: a packet ends after some ten of them.
"""

import json
import sys
import time
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np

from skinbeam.physics.light.photon_scene import BatchSums, LightTally, PhotonScene
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light import montecarlo
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.space import Inclusion, LayeredSpace, VoxelSpace, ball_shape, infinite_cylinder_shape

LAYERS = LayeredMedium(
    mua_per_m=[2000.0, 500.0, 3000.0],
    mus_per_m=[1e4, 3e3, 5e3],
    g=[0.3, 0.8, -0.2],
    n=[1.5, 1.37, 1.44],
    thickness_m=[1e-4, 3e-4, 2e-4],
    ambient_n=1.0,
    below_n=1.33,
)
BATCHES, PACKETS = 32, 8
EVEN_M = np.linspace(0.0, 6e-4, 7)


@dataclass(frozen=True)
class Case:
    """Space, light and tally; `turns` are those of the second layer, 1 - cos at even steps of probability."""

    space: LayeredSpace | VoxelSpace
    beam: LightBeam
    tally: LightTally
    turns: tuple[float, ...] = ()

    @property
    def scene(self) -> PhotonScene:
        scene = self.space.build_scene(self.beam)[0]
        if not self.turns:
            return scene
        return replace(scene, cosines=np.array([self.turns], np.float32), tabulated=np.array([-1, 0, -1], np.int32))


def _vessel() -> LayeredSpace:
    tissue = LayeredMedium([300.0], [6e3], [0.5], [1.4], [4e-4])
    return LayeredSpace(
        tissue, [Inclusion([infinite_cylinder_shape(0.0, 1.5e-4, 8e-5)], 1.5e4, 1e4, 0.9)], cell_widths_m=(4e-4, 3e-4)
    )


def _cube() -> VoxelSpace:
    cube = np.zeros((5, 4, 6), np.uint16)
    cube[:, :, 2:], cube[2:4, 1:3, 3:5] = 1, 2
    return VoxelSpace(cube, 1e-4, [100.0, 800.0, 1e4], [2e3, 8e3, 5e3], [0.0, 0.8, 0.9], 1.4)


CASES = {
    "three layers": Case(LayeredSpace(LAYERS), LightBeam(), LightTally(EVEN_M)),
    "rings, oblique": Case(
        LayeredSpace(LAYERS), LightBeam(kind="gaussian", spot_mm=0.4, angle_deg=50.0), LightTally(EVEN_M, 2e-4, 3)
    ),
    "fibre, uneven depths": Case(
        LayeredSpace(replace(LAYERS, mus_per_m=[0.0, 1e3, 5e3], n=[1.9, 1.0, 1.6])),
        LightBeam(kind="fibre", spot_mm=0.3, half_angle_deg=40.0),
        LightTally(np.array([0.5e-4, 1e-4, 3e-4, 5e-4])),
    ),
    "vessel in a cell": Case(
        _vessel(), LightBeam(kind="flat"), LightTally(np.linspace(0.0, 4e-4, 5), nx=4, ny=1, dx=1e-4, dy=3e-4)
    ),
    "cube": Case(
        _cube(),
        LightBeam(kind="flat", spot_mm=0.3),
        LightTally(np.linspace(0.0, 6e-4, 4), nx=2, ny=2, dx=2e-4, dy=2e-4),
    ),
    "ball in a block": Case(
        LayeredSpace(
            LAYERS, [Inclusion([ball_shape((5e-5, 0.0, 2e-4), 8e-5)], 5e3, 1e4, 0.9)], half_widths_m=(3e-4, 2e-4)
        ),
        LightBeam(kind="focused", spot_mm=0.2, focus_um=300.0, waist_um=50.0),
        LightTally(EVEN_M),
    ),
    "turns by a table": Case(LayeredSpace(LAYERS), LightBeam(), LightTally(EVEN_M), turns=(1.5, 1.9, 2.0)),
}


def numbers(batch: BatchSums) -> list[float]:
    """All that a batch tells, in one list."""
    return [
        float(x) for part in (batch.sums, batch.fluence, batch.absorbed, batch.escaped_by_ring) for x in part.ravel()
    ]


def flown(case: Case) -> list[list[float]]:
    """What the card finds: the numbers of each batch."""
    from skinbeam.physics.light.photons_cuda import CudaTracer

    run = CudaTracer(case.scene, case.tally, BATCHES)
    return [numbers(batch) for batch in run.trace([PACKETS] * BATCHES, seed=3, first=0)]


def by_engine(**options: Any) -> dict[str, Any]:
    """What the engine on the card makes of the layers."""
    field = MonteCarlo(device="cuda", **options).compute_light(LAYERS, LightBeam(), LightTally(EVEN_M))
    parts = (field.reflectance_specular, field.reflectance_diffuse, field.transmittance, field.roulette_balance)
    return {"photons": field.photons, "total": sum(parts) + float(np.sum(field.absorbed_fraction))}


def simulated() -> dict[str, Any]:
    """What the simulator finds of all cases, of the first once more without fast memory, and an engine with little."""
    from skinbeam.physics.light import photons_cuda

    with mock.patch.multiple(photons_cuda, THREAD_SUMS=(4,), SHARED_BYTES=0):
        again = flown(CASES["three layers"])
    with mock.patch.object(montecarlo, "GPU_BYTES", 300):  # of 48 a batch: six at once
        little = by_engine(photons=100)
    return {"cases": {name: flown(case) for name, case in CASES.items()}, "again": again, "little": little}


def poll_seldom() -> None:
    """Have the simulator ask its threads less often whether they wait: asking takes twice the time of their work."""
    from numba.cuda.simulator import kernel

    class Polled(kernel.BlockThread):  # type: ignore[misc] # numba has no types
        def is_alive(self) -> bool:
            time.sleep(3e-4)
            return bool(super().is_alive())

    kernel.BlockThread = Polled


if __name__ == "__main__":
    poll_seldom()
    json.dump(simulated(), sys.stdout)
