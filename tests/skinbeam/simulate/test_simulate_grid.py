"""The grid and the steps of time: what they cost in accuracy, and what they promise."""

import numpy as np
import pytest
from pulse_samples import loaded, wide_response

from skinbeam.laser.cooling import air_heat_loss
from skinbeam.model.units import MM, UM
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.pulse import schedule
from skinbeam.simulate.pulse.schedule import bath_schedule, constant_beam_schedule, pulse_schedule
from skinbeam.simulate.scene import build_scene, run_chunks
from skinbeam.simulate.skins import depth_grid
from skinbeam.simulate.skins.depth_grid import build_layer_grid

CASES = (("vessel", "vessel-closure"), ("vessel", "epidermal-necrosis"), ("preset-vessels", "epidermal-necrosis"))


def thresholds(name: str, endpoint: str) -> np.ndarray:
    scene = build_scene(loaded(name))
    parts = run_chunks(scene, 8, 0, lambda skins: endpoint_fluence(endpoint, wide_response(skins, scene)))
    return np.concatenate(parts)


@pytest.mark.parametrize(("name", "endpoint"), CASES)
def test_half_the_cells_and_steps_move_a_threshold_by_under_two_per_cent(
    name: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = thresholds(name, endpoint)
    monkeypatch.setattr(depth_grid, "FINEST_M", depth_grid.FINEST_M / 2)
    monkeypatch.setattr(depth_grid, "GROWTH", depth_grid.GROWTH / 2)
    first, growth, largest = schedule.PULSE_STEPS
    monkeypatch.setattr(schedule, "PULSE_STEPS", schedule.StepFineness(first / 2, growth**0.5, largest / 2))
    # The promise of `simulate.skins.depth_grid`; the scatter between skins is some ten times as large.
    assert thresholds(name, endpoint) == pytest.approx(usual, rel=0.02)


def test_faces_stand_on_every_border_of_every_draw() -> None:
    rng = np.random.default_rng(0)
    thickness = rng.uniform(0.5, 2.0, (20, 4)) * np.array([15.0, 60.0, 900.0, 1.0]) * UM
    thickness[:, -1] = np.inf
    cells = build_layer_grid(thickness)
    for layer, borders in enumerate(np.cumsum(thickness[:, :-1], axis=1).T):
        assert cells.faces[:, cells.last_cell(layer) + 1] == pytest.approx(borders, rel=1e-12)
    assert cells.faces[:, -1] == pytest.approx(6 * MM)


def test_a_last_layer_without_end_is_cut() -> None:
    faces = build_layer_grid(np.array([[100 * UM, np.inf]])).faces
    assert faces[0, -1] == pytest.approx(6 * MM)
    deep = build_layer_grid(np.array([[8 * MM, np.inf]])).faces
    assert deep[0, -1] == pytest.approx(8.1 * MM), "a tenth of a millimetre of the last layer is kept"


@pytest.mark.parametrize("last_m", [1 * UM, 2 * MM, 1.0])
def test_a_last_layer_with_a_thickness_ends_there(last_m: float) -> None:
    assert build_layer_grid(np.array([[100 * UM, last_m]])).faces[0, -1] == pytest.approx(100 * UM + last_m)


def test_the_grid_of_a_draw_does_not_depend_on_the_others() -> None:
    thickness = np.array([[20, 60, 900, np.inf], [10, 90, 1200, np.inf], [30, 50, 700, np.inf]]) * UM
    typical = np.array([15, 70, 1000, np.inf]) * UM
    together = build_layer_grid(thickness, typical).faces
    for row in range(3):
        assert build_layer_grid(thickness[row : row + 1], typical).faces[0] == pytest.approx(
            together[row], rel=0, abs=0
        )


def test_a_schedule_lasts_as_long_as_its_phases() -> None:
    scene = build_scene(
        loaded("train", cooling={"kind": "air", "before_ms": 200.0, "delay_ms": 5.0, "after_ms": 300.0})
    )
    plan = pulse_schedule(scene.beam, scene.cooling)
    # Two passes of three pulses of 3 ms every 0.5 s, 4 s between the passes, and what comes before and after each.
    lit = plan.step_s[plan.power_on > 0].sum()
    assert lit == pytest.approx(6 * 3e-3, rel=1e-12)
    assert plan.step_s.sum() == pytest.approx(
        0.205 + 2 * (2 * 0.5 + 3e-3) + 4.0 + 0.3 + schedule.AFTER_PULSE_S, rel=1e-12
    )
    cooled = plan.h_W_m2K == scene.cooling.coefficient_W_m2K
    assert plan.step_s[cooled].sum() == pytest.approx(2 * 0.5, rel=1e-12)


def test_exposures_end_with_their_time() -> None:
    bath = bath_schedule(50.0, 7.0, 22.0)
    contact = np.isinf(bath.h_W_m2K)
    assert bath.step_s[contact].sum() == pytest.approx(7.0, rel=1e-12)
    assert (bath.outside_C[contact] == 50.0).all()
    # Then as long again and five seconds in the room, to which wet skin loses more than dry.
    assert not contact[contact.sum() :].any()
    assert bath.step_s[~contact].sum() == pytest.approx(12.0, rel=1e-12)
    assert (bath.outside_C[~contact] == 22.0).all()
    assert (bath.h_W_m2K[~contact] > air_heat_loss(50.0, 22.0).total).all()
    scene = build_scene(loaded("vessel"))
    held = constant_beam_schedule(scene.cooling, 3.0)
    assert held.step_s[held.power_on > 0].sum() == pytest.approx(3.0, rel=1e-12)
    assert held.power_on[-1] == 1
    # 30 ms of spray and 20 ms of delay come first.
    assert held.step_s[held.power_on == 0].sum() == pytest.approx(0.05, rel=1e-12)
