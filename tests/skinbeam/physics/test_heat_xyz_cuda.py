"""Heat in three dimensions on a graphics card, in CUDA's simulator, beside the processor."""

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from heat_cuda_case import CASES, run
from paths import TESTS

from skinbeam.physics.heat.three_dimensional import HeatEngine

pytestmark = pytest.mark.check


class ExplicitEngine(HeatEngine):
    """The processor's explicit stages alone, as a card has them."""

    has_implicit_steps = False


@pytest.fixture(scope="module")
def simulated() -> Any:
    command = [sys.executable, str(TESTS / "helpers" / "heat_cuda_case.py")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_the_simulator_agrees_with_the_processor(simulated: Any, name: str) -> None:
    """Both take the same steps in double precision; sums differ by their order."""
    found, expected = simulated[name], run(name, ExplicitEngine)
    assert tuple(found["steps"]) == expected.steps
    for field in ("final", "peak", "heat_gain", "enthalpy"):
        values = getattr(expected, field)
        np.testing.assert_allclose(found[field], values, rtol=1e-10, atol=1e-12 * np.abs(values).max(), err_msg=field)


@pytest.mark.parametrize("name", CASES)
def test_the_card_balances_to_1e_8(simulated: Any, name: str) -> None:
    gained, enthalpy = np.array(simulated[name]["heat_gain"]), np.array(simulated[name]["enthalpy"])
    assert np.abs(enthalpy - enthalpy[0] - gained.sum(axis=1)).max() < 1e-8 * gained[-1, 2]


def test_a_long_rest_ends_in_implicit_steps_on_the_processor_alone(simulated: Any) -> None:
    """Lines of cells are solved by the processor's code, which cannot read what lies on a card."""
    assert run("long rest", HeatEngine).steps[1] > 0
    assert simulated["long rest"]["steps"][1] == 0


@pytest.mark.parametrize("name", CASES)
def test_steps_that_are_explicit_alone_agree_with_those_along_lines(name: str) -> None:
    """Within the tolerance of each of a dozen steps, most of which later ones damp."""
    alone, both = run(name, ExplicitEngine), run(name, HeatEngine)
    assert alone.steps[1] == 0
    np.testing.assert_allclose(alone.final, both.final, atol=3.0)
