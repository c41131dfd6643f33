"""Packets on a graphics card: the processor's physics and sums, in CUDA's simulator and as far as its compiler.

Nothing here needs a card; what every engine promises is asked of a card, where there is one, in
invariants/test_light_engines.py.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cuda_cases import BATCHES, CASES, LAYERS, PACKETS, numbers
from numba import cuda
from numba.cuda import cuda_paths
from paths import ROOT, TESTS
from store import stored

from skinbeam.api.light import LightOptions, run_light
from skinbeam.model.errors import NotAvailable
from skinbeam.physics.light import photon_lanes, photon_steps, photons, photons_cuda
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.light.photons import trace_batch
from skinbeam.physics.numerics import gpu, memory_layout
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light import montecarlo
from skinbeam.simulate.light.engines import ENGINES
from skinbeam.simulate.light.montecarlo import MonteCarlo

pytestmark = pytest.mark.check

SLAB = ROOT / "examples" / "light" / "van-de-hulst-slab.toml"


def run_python(*arguments: str, **environment: str) -> Any:
    """Run Python on arguments and return what it prints as JSON; wrapping integers are no fault of the simulator's."""
    command = [sys.executable, "-W", "ignore::RuntimeWarning", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def simulated() -> Any:
    return stored(_simulated)


def _simulated() -> Any:
    return run_python(str(TESTS / "helpers" / "cuda_cases.py"), NUMBA_ENABLE_CUDASIM="1")


def mean_and_error(batches: list[list[float]], packets: int) -> tuple[np.ndarray, np.ndarray]:
    each = np.array(batches) / packets
    return each.mean(axis=0), each.std(axis=0, ddof=1) / math.sqrt(len(each))


@pytest.mark.parametrize("name", CASES)
def test_the_simulator_agrees_with_the_processor(simulated: Any, name: str) -> None:
    """Five standard errors: Student's t of 31 degrees is beyond them in 1 of 50 000, and there are some 200 numbers.

    The square of t has the mean 31 / 29; numbers of one case hang together, so their mean square may be three times it.
    """
    case = CASES[name]
    found, error = mean_and_error(simulated["cases"][name], PACKETS)
    many = 2000
    batches = [numbers(trace_batch(case.scene, case.tally, many, seed=4, batch=k)) for k in range(BATCHES)]
    wanted, rest = mean_and_error(batches, many)
    # What a few packets alone tell of is not normal.
    among = error < 0.3 * np.abs(wanted)
    assert np.count_nonzero(among) >= 8
    z = (found[among] - wanted[among]) / np.hypot(error[among], rest[among])
    assert np.max(np.abs(z)) < 5.0
    assert np.mean(z**2) < 3.0
    # What never happens on the processor does not happen here.
    assert np.all(found[wanted == 0.0] == 0.0)


def test_the_simulator_agrees_with_the_exact_engine(simulated: Any) -> None:
    """Five standard errors, as above; packets are launched below the surface."""
    case = CASES["three layers"]
    exact = ENGINES["ordinates"].compute_light(LAYERS, case.beam, LightTally(case.tally.edges))
    found, error = mean_and_error(simulated["cases"]["three layers"], PACKETS)
    count, planes = case.scene.parts, len(case.tally.edges) - 1
    wanted = [exact.reflectance_diffuse, exact.transmittance, *exact.absorbed_fraction]
    wanted += list(exact.fluence_rate_ratio * np.diff(case.tally.edges))
    absorbed = range(memory_layout.PARTS, memory_layout.PARTS + count)
    first_plane = memory_layout.PARTS + 2 * count
    # Without rings a depth has one bin, for all that is there.
    at = [memory_layout.REFLECTED, memory_layout.TRANSMITTED, *absorbed, *range(first_plane, first_plane + planes)]
    enters = 1.0 - exact.reflectance_specular
    assert np.all(np.abs(enters * found[at] - wanted) < 5.0 * enters * error[at])


@pytest.mark.parametrize("name", CASES)
def test_energy_closes_in_every_batch(simulated: Any, name: str) -> None:
    parts = CASES[name].scene.parts
    totals = np.array(simulated["cases"][name])[:, : memory_layout.PARTS + parts].sum(axis=1)
    assert np.max(np.abs(totals / PACKETS - 1.0)) < 1e-12


def test_the_same_seed_gives_the_same_packets_wherever_sums_are_kept(simulated: Any) -> None:
    # Additions of threads have no order: to the rounding of some hundred of them.
    np.testing.assert_allclose(simulated["again"], simulated["cases"]["three layers"], rtol=1e-13, atol=1e-14)


def test_batches_run_in_groups_where_memory_is_short(simulated: Any) -> None:
    assert simulated["little"]["photons"] == 100
    assert simulated["little"]["total"] == pytest.approx(1.0, abs=1e-12)


def test_the_command_runs_on_the_card(tmp_path: Path) -> None:
    """The slab of the tables, of which a packet leaves in some steps, with its own standard errors; k = 4."""
    command = ("-m", "skinbeam", "light", str(SLAB), "--device", "cuda", "--photons", "480", "--json")
    found = run_python(*command, NUMBA_ENABLE_CUDASIM="1")
    exact = run_light(SLAB).balance.to_dict()
    assert (found["device"], found["method"], found["photons"]) == ("cuda", "montecarlo", 480)
    for key in ("reflectance_diffuse", "transmittance"):
        assert abs(found[key] - exact[key]) < 4.0 * found["standard_error"][key]
        assert found["standard_error"][key] < 0.1
    total = found["reflectance_specular"] + found["reflectance_diffuse"] + found["transmittance"]
    # Numbers of a document have 12 digits.
    assert total + sum(found["absorbed"].values()) + found["roulette_balance"] == pytest.approx(1.0, abs=1e-11)


def test_the_steps_are_those_of_the_processor() -> None:
    here, there = vars(photons_cuda._step), vars(photon_lanes.STEPS)
    assert here.keys() == there.keys()
    own = {name for name in here if here[name].py_func.__code__ is not getattr(photon_steps, name).__code__}
    assert own == {"minus_log"}
    assert all(there[name].py_func.__code__ is getattr(photon_steps, name).__code__ for name in there)


def test_the_own_logarithm_is_one() -> None:
    u = np.linspace(1e-7, 1.0, 1001, dtype=np.float32)
    own = np.array([photons_cuda._minus_log(x) for x in u])
    assert own.dtype == np.float32
    # Single precision, and the 2e-8 of the processor's.
    np.testing.assert_allclose(own, [photon_steps.minus_log(x) for x in u], rtol=3e-7, atol=2e-7)


def test_every_thread_has_random_numbers_of_its_own() -> None:
    states = np.stack([photons_cuda.random_streams(seed, batch, 4096) for seed in (0, 1) for batch in range(8)])
    assert len(np.unique(states[..., 0])) == states[..., 0].size
    assert np.all(states.any(axis=-1))
    # The stream of a thread does not hang on the number of threads, and none is one of the processor's.
    np.testing.assert_array_equal(photons_cuda.random_streams(0, 0, 128), states[0, :128])
    assert not np.intersect1d(states, photons.random_streams(0, 0)).size


# Where the compiler is, but no card: numba-cuda asks the card, and NVRTC, for the architecture.
COMPILE = """
import json, sys
from types import SimpleNamespace
from numba import cuda, float32, float64, int32, int64, types, uint16, uint64
from numba.cuda import cuda_paths, dispatcher
from numba.cuda.cudadrv import nvrtc
from skinbeam.physics.light import photons_cuda

cc = (8, 0)
dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
cuda_paths._get_nvrtc_path = lambda: None
try:
    cuda_paths.get_cuda_paths()
except RuntimeError:
    print("null")
    sys.exit()
nvrtc.get_arch_option = lambda major, minor, arch="compute": f"compute_{major}{minor}"
signature = (
    int64[::1], uint64[:, :, ::1], int64, float32[:, ::1], float64[::1], float32[:, ::1], uint16[:, :, ::1],
    float32[:, ::1], float32[:, ::1], int32[::1], float64[::1], types.UniTuple(float32, 18), int64, float64[:, ::1],
    float64[:, :, ::1], float64[:, :, ::1],
)
ptx, _ = cuda.compile_ptx(photons_cuda._trace_kernel(16).py_func, signature, cc=cc, fastmath=True)
json.dump(ptx, sys.stdout)
"""


def test_the_kernel_compiles() -> None:
    ptx = run_python("-c", COMPILE)
    if ptx is None:
        pytest.skip("no NVVM, the compiler of the CUDA toolkit")
    # Flights in single precision by the card's own instructions; sums in double, in both memories.
    for instruction in ("lg2.approx.ftz.f32", "sqrt.approx.ftz.f32", "atom.shared.add.f64", "atom.global.add.f64"):
        assert instruction in ptx


@pytest.mark.parametrize(
    ("found", "available", "lacking", "words"),
    [(None, True, "no-numba-cuda", "not installed"), (object(), False, "no-card", "no NVIDIA card")],
)
def test_what_cuda_lacks_is_reported(
    monkeypatch: pytest.MonkeyPatch, run: Any, found: object, available: bool, lacking: str, words: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found if name == "numba_cuda" else find(name))
    monkeypatch.setattr(cuda, "is_available", lambda: available)
    assert gpu.missing_cuda_part() == lacking
    assert MonteCarlo().devices == ("cpu",)
    with pytest.raises(NotAvailable, match=words):
        MonteCarlo(device="cuda").compute_light(LAYERS, LightBeam(), LightTally(np.array([0.0, 1e-4])))
    ran = run("light", str(SLAB), "--device", "cuda", "--json")
    assert ran.code == 3
    assert words in ran.document["unknown"]
    checks = {check["name"]: check for check in run("doctor", "--json").document["checks"]}
    assert not checks["gpu"]["ok"]


def test_a_card_without_a_compiler_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise cuda_paths.pathfinder.DynamicLibNotFoundError

    monkeypatch.setattr(cuda, "is_available", lambda: True)
    monkeypatch.setattr(cuda_paths, "get_cuda_paths", none)
    assert gpu.missing_cuda_part() == "no-toolkit"
    monkeypatch.setattr(cuda_paths, "get_cuda_paths", dict)
    assert MonteCarlo().devices == ("cpu", "cuda")
    # As with NumPy 2.5, in which numba-cuda misses functions when its first kernel is compiled.
    load = importlib.import_module

    def load_beside_new_numpy(name: str) -> Any:
        if name == "numba.cuda.cudaimpl":
            raise AttributeError("module 'numpy' has no attribute 'row_stack'")
        return load(name)

    monkeypatch.setattr(importlib, "import_module", load_beside_new_numpy)
    assert gpu.missing_cuda_part() == "unfit-numpy"
    assert MonteCarlo().devices == ("cpu",)


def test_the_exact_method_stays_on_the_processor() -> None:
    with pytest.raises(NotAvailable, match="exact method does not run on CUDA"):
        run_light(SLAB, LightOptions(method="ordinates", device="cuda"))


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ValueError, match="cpu or cuda"):
        MonteCarlo(device="tpu").compute_light(LAYERS, LightBeam(), LightTally(np.array([0.0, 1e-4])))


@pytest.mark.parametrize(("bins", "fields", "together"), [(1000, 1, 32), (2**20, 1, 32), (2**20, 2, 16), (2**40, 1, 1)])
def test_tallies_of_those_at_once_fit(bins: int, fields: int, together: int) -> None:
    assert montecarlo._gpu_batch_count(bins, fields) == together
