"""What clinics counted near a setting: all rows of such light, and of no other."""

import math
from typing import Any

import numpy as np
import pytest

from skinbeam.model.estimate import Unknown
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.published_doses import counts
from skinbeam.published_doses.counted_burns import counted_burn_share, usual_burn_share
from skinbeam.published_doses.counts import count_harm_near, count_harm_that_calibrates, find_tolerated_doses
from skinbeam.published_doses.rows import practice_rows


def test_what_is_near_is_summed_and_what_is_far_is_not() -> None:
    rows = load_derived_table("practice_doses")["row"]
    near = [row for row in rows.values() if row["kind"] == "counted" and row["wavelength_nm"] == 755.0]
    with collect_sources() as sources:
        found = count_harm_near(755.0, 8.0)
    assert found is not None
    assert (found.harmed, found.treated) == (sum(r["harmed"] for r in near), sum(r["of"] for r in near))
    assert found.sources == len({row["source"] for row in near}) == len(sources)
    assert count_harm_near(1540.0, 8.0) is None
    assert count_harm_near(755.0, 8.0, lamp=True) is None
    assert count_harm_near(755.0, 1e-5) is None


def test_tolerated_doses_are_those_of_such_light_spot_and_skin() -> None:
    """Hair of phototype I to II is treated with 755 nm in 3 ms at doses that darker skin does not get."""
    with collect_sources() as sources:
        light, dark = (find_tolerated_doses(755.0, 3.0, 15.0, skin, cooling="spray") for skin in ((1, 2), (5, 6)))
    assert light is not None
    assert isinstance(light.low, Unknown) or light.low <= light.high
    assert 0 < light.sources <= light.rows
    assert light.harmed <= light.of
    assert dark is None or dark.high <= light.high
    held_out = {row.source for row in practice_rows() if row.role == "validation"}
    assert not held_out & set(sources)
    assert find_tolerated_doses(2940.0, 0.3, 5.0, None, cooling="spray") is None
    assert find_tolerated_doses(755.0, 1e-5, 3.0, (1, 2), cooling="spray") != light


def test_more_skins_are_covered_by_no_fewer_rows() -> None:
    one, every = (find_tolerated_doses(595.0, 6.0, 7.0, skin, cooling="spray") for skin in ((3, 3), None))
    assert one is not None
    assert every is not None
    assert one.rows <= every.rows
    assert isinstance(every.low, float)
    assert isinstance(one.low, float)
    assert every.low <= one.low <= one.high <= every.high


def test_what_a_growth_bore_is_no_dose_that_skin_bears() -> None:
    """Knobs on fingers are burnt on purpose at 1064 nm, with more than the skin around them is given."""
    (burnt,) = (row for row in practice_rows() if row.source == "dong2019pg")
    assert (burnt.kind, burnt.role, burnt.fluence_J_cm2) == ("tolerated", "calibration", (100.0, 125.0))
    found = find_tolerated_doses(1064.0, 13.0, 5.0, None, cooling="contact")
    assert found is not None
    assert found.high < 100.0


COOLINGS = ("none", "air", "contact", "spray")
# (wavelength_nm, pulse_ms, spot_mm) of lights that clinics own
LIGHTS = [(532.0, 20.0, 6.0), (595.0, 6.0, 10.0), (755.0, 3.0, 12.0), (755.0, 20.0, 15.0), (810.0, 20.0, 10.0)]
LIGHTS += [(1064.0, 20.0, 10.0), (1064.0, 40.0, 3.0)]
SKINS = [(low, high) for low in range(1, 7) for high in range(low, 7)]


@pytest.mark.parametrize("light", LIGHTS)
def test_nothing_that_was_cooled_is_stated_of_uncooled_skin(light: tuple[float, float, float]) -> None:
    for skin in SKINS:
        for cooling in COOLINGS:
            found = find_tolerated_doses(*light, skin, cooling=cooling)
            allowed = {"none"} if cooling == "none" else {"none", "not-stated", cooling}
            assert found is None or set(found.cooling) <= allowed


def test_a_dye_laser_under_spray_is_named_as_spray() -> None:
    """Port-wine stains of every phototype had 10 mm of a dye laser; who cooled it says so, who did not says nothing."""
    found = find_tolerated_doses(595.0, 6.0, 10.0, None, cooling="spray")
    assert found is not None
    assert find_tolerated_doses(595.0, 6.0, 10.0, None, cooling="none") != found


@pytest.mark.parametrize("light", LIGHTS)
def test_an_upper_end_is_a_bound_and_no_dose_that_was_given(light: tuple[float, float, float]) -> None:
    for skin in (*SKINS, None):
        found = find_tolerated_doses(*light, skin, cooling="spray")
        if found is None:
            continue
        if isinstance(found.low, Unknown):
            assert found.bound  # no row prints a dose that was given
        else:
            assert found.low <= found.high


def test_up_to_forty_for_hair_of_phototypes_one_to_five_is_stated_as_that() -> None:
    """A maker's page: 755 nm, 3 ms, 12 mm, spray, I to V, the highest dose borne, up to 40 J/cm², 0 of 15 harmed."""
    for skin, mixed in (((2, 2), False), ((5, 5), True)):
        found = find_tolerated_doses(755.0, 3.0, 12.0, skin, cooling="spray")
        assert found is not None
        assert found.bound
        assert found.high == 40.0
        assert found.mixed is mixed
        assert "V" in str(found.phototypes)
        assert "summary" in found.grades
    assert find_tolerated_doses(755.0, 3.0, 12.0, (5, 5), cooling="none") is None


@pytest.mark.parametrize("light", LIGHTS)
def test_rows_of_lighter_skin_are_never_named_as_dark_skin_alone(light: tuple[float, float, float]) -> None:
    for darkness in (4, 5, 6):
        found = find_tolerated_doses(*light, (darkness, darkness), cooling="contact")
        if found is None or found.mixed:
            continue
        lightest = str(found.phototypes).split("-")[0]
        assert PHOTOTYPES.index(lightest) + 1 >= darkness - 1


def test_the_counts_behind_an_anchor_are_cited_each_time() -> None:
    """Or the second plan of a process has other sources, and so another hash, than the first."""
    cited = []
    for _ in range(2):
        with collect_sources() as sources:
            counted_burn_share(595.0, 6.0, lamp=False, most=0.05)
        cited.append(set(sources))
    assert cited[0]
    assert cited[0] == cited[1]


def test_counts_at_much_lower_doses_do_not_lower_what_a_usual_dose_burns() -> None:
    """Hair is removed at 755 nm with 1.1 to 1.5 times the computed dose, and 9 of 2359 burnt.

    Age spots get three times the computed dose. Half a burn is added to nobody of the 15 who got nearly as much.
    """
    rows = {name: float(np.mean(row["over_computed"])) for name, row in _counted_rows().items()}
    low, high = rows["kutlubay2009/1"], rows["eremia2001versus/1"]
    assert math.exp(low) < 1.5 < 2.0 < math.exp(high)
    light: dict[str, Any] = {"wavelength_nm": 755.0, "pulse_ms": 3.0, "lamp": False, "most": 0.05}
    assert usual_burn_share(log_dose=math.log(3.0), **light) == pytest.approx(0.5 / 16)
    assert usual_burn_share(log_dose=low, **light) == counted_burn_share(**light) == pytest.approx(9.5 / 2375)


def test_burns_at_lower_doses_still_count_at_a_usual_dose() -> None:
    """One of 22 burnt at less than the computed dose; nobody did of 40 who got as much as usual or more."""
    light: dict[str, Any] = {"wavelength_nm": 585.0, "pulse_ms": 1.5, "lamp": False, "most": 0.05}
    alike = count_harm_that_calibrates(585.0, 1.5, least_log_dose=0.4)
    assert alike is not None
    assert (alike.harmed, alike.treated) == (0, 40)
    assert usual_burn_share(log_dose=0.7, **light) == counted_burn_share(**light) == pytest.approx(1.5 / 96)


def _counted_rows() -> dict[str, dict[str, Any]]:
    table = load_derived_table("practice_doses")["row"]
    return {name: row for name, row in table.items() if row["kind"] == "counted"}


def test_counts_kept_aside_are_stated_and_set_no_probability() -> None:
    rows = _counted_rows()
    aside = [row for row in rows.values() if row["kept_aside"]]
    assert len(aside) >= 3
    for row in rows.values():
        light = (row["wavelength_nm"], row["pulse_ms"])
        count = count_harm_near(*light, lamp=row["family"] == "lamp")
        setting = count_harm_that_calibrates(*light, lamp=row["family"] == "lamp")
        assert count is not None
        assert count.treated >= row["of"]
        if row["kept_aside"]:
            assert setting is None or setting.treated <= count.treated - row["of"]
            share = counted_burn_share(*light, lamp=row["family"] == "lamp", most=0.05)
            assert share == (0.025 if setting is None else min((setting.harmed + 0.5) / (setting.treated + 1.0), 0.05))


def test_counts_of_other_sources_foretell_the_burns_of_each_class_within_a_factor_of_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Classes with twenty burns or more; each source is left out in turn."""
    every = load_derived_table("practice_doses")
    fitting = {name: row for name, row in _counted_rows().items() if not row["kept_aside"]}
    counted: dict[str, float] = {}
    foretold: dict[str, float] = {}
    for row in fitting.values():
        others = {other: one for other, one in fitting.items() if one["source"] != row["source"]}
        monkeypatch.setattr(counts, "load_derived_table", lambda _, others=others: {**every, "row": others})
        share = counted_burn_share(row["wavelength_nm"], row["pulse_ms"], lamp=row["family"] == "lamp", most=0.05)
        counted[row["family"]] = counted.get(row["family"], 0.0) + row["harmed"]
        foretold[row["family"]] = foretold.get(row["family"], 0.0) + share * row["of"]
    classes = [family for family, burns in counted.items() if burns >= 20]
    assert set(classes) >= {"lamp", "red"}
    for family in classes:
        assert 0.5 <= foretold[family] / counted[family] <= 2.0, family
