"""What cases share is computed once, and is what each would compute; the cost counts with it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from skinbeam.model.errors import InputError
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import SKIN_ORDINATES
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.skins.sampling import cached_median, cached_sample
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.draws import RandomDraws, stream_key
from skinbeam.sweeps import cost, worker
from skinbeam.sweeps.sweep_file import Sweep, load_sweep
from skinbeam.sweeps.worker import CaseRow, answer_cases

PALE, DARK = SkinDistribution(site="cheeks", ita_deg=50.0), SkinDistribution(site="cheeks", ita_deg=10.0)
SWEEP = """
case = "case.toml"
draws = 2
outputs = ["temperature_C.basal_peak"]
[axes]
"bath.exposure_s" = {from = 1.0, to = 20.0, steps = 20}
"skin.temperature_C" = {from = 30.0, to = 36.0, steps = 5}
"bath.temperature_C" = {from = 45.0, to = 60.0, steps = 8}
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    (tmp_path / "case.toml").write_text('[skin]\nsite = "forearm"\n[bath]\n', encoding="utf-8")
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    return load_sweep(tmp_path / "sweep.toml")


def test_skins_that_were_kept_are_those_that_are_drawn_and_cannot_be_written() -> None:
    for skin in (PALE, DARK, PALE):
        for seed, start in ((1, 0), (2, 0), (1, 1024)):
            cached = cached_sample(skin, 5, seed, start)
            xr.testing.assert_identical(cached.to_xarray(), skin.sample(5, seed, start).to_xarray())
            assert cached.numbers.tolist() == list(range(start, start + 5))
        xr.testing.assert_identical(cached_median(skin).to_xarray(), skin.median().to_xarray())
        assert np.array_equal(cached.typical_m, skin.median()["thickness_m"][0])
        with pytest.raises(ValueError, match="read-only"):
            cached["thickness_m"][0, 0] = 1.0


def test_light_that_was_kept_is_that_of_its_own_skins() -> None:
    for skin in (PALE, DARK, PALE):
        skins = skin.sample(3, 0)
        lit = illuminate(skins, [(532.0, 1.0)])
        media = LayeredMedium.from_optics(lit.spectral_lines[0].optics, skins["thickness_m"])
        alone = SKIN_ORDINATES.compute_light(media, LightBeam(), LightTally(lit.grid.faces))
        assert np.array_equal(lit.fluence_rate_ratio, alone.fluence_rate_ratio)
        assert np.array_equal(lit.absorbed, alone.absorbed_fraction)


def test_streams_that_were_kept_are_those_of_their_key_name_and_block() -> None:
    read = {
        (seed, name, start): RandomDraws(stream_key(seed), 3, start).uniform(name).tolist()
        for _ in range(2)
        for seed in (0, 1)
        for name in ("a", "b")
        for start in (0, 1024)
    }
    assert len({tuple(values) for values in read.values()}) == len(read)


def test_cases_of_the_same_skin_follow_each_other_and_rows_stand_in_the_order_asked(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Mapping[str, Any]] = []

    def answer(question: object, values: Mapping[str, Any]) -> CaseRow:
        asked.append(values)
        return CaseRow((values["bath.exposure_s"] + values["skin.ita_deg"],), worker.ANSWERED)

    monkeypatch.setattr(worker, "_answer_case", answer)
    cases = [{"bath.exposure_s": float(s), "skin.ita_deg": 100.0 * k} for s in range(4) for k in range(3)]
    rows = answer_cases(sweep.question, cases)
    assert [row.values[0] for row in rows] == [case["bath.exposure_s"] + case["skin.ita_deg"] for case in cases]
    skins = [values["skin.ita_deg"] for values in asked]
    assert sum(a != b for a, b in pairwise(skins)) == 2


def test_the_pilot_counts_cases_that_share_their_skins_as_the_sweep_has_them(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Sequence[int]] = []

    def answered(_: Sweep, place: Sequence[int]) -> tuple[CaseRow, float]:
        shares = bool(places) and places[-1][1] == place[1] and len(places) % 2 == 0
        places.append(place)
        return CaseRow((1.0,), worker.ANSWERED), 0.1 if shares else 1.0

    monkeypatch.setattr(cost, "_timed_row", answered)
    found = cost.estimate_cost(sweep)
    pilot = places[1:]
    assert len(pilot) == 20
    assert all(a[1] == b[1] and a[0] != b[0] and a[2] != b[2] for a, b in zip(pilot[::2], pilot[1::2], strict=True))
    # Spread over each axis, also where its length divides the number of cases.
    assert all(len({place[axis] for place in pilot[::2]}) >= 4 for axis in range(3))
    # Of the 800 cases five have skins that none had before.
    assert found.seconds_per_case == pytest.approx((5 * 1.0 + 795 * 0.1) / 800)


def test_the_reason_why_no_case_answers_is_one_sentence(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended with two full stops."""
    failed = CaseRow((np.nan,), worker.FAILED, message='case: pulse_ms: unknown key "pulse_ms".')
    monkeypatch.setattr(cost, "_timed_row", lambda *_: (failed, 0.1))
    with pytest.raises(InputError) as raised:
        cost.estimate_cost(sweep)
    assert 'unknown key "pulse_ms". Mend' in str(raised.value)
