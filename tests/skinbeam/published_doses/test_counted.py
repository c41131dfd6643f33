"""What clinics counted near a setting: all rows of such light, and of no other."""

from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import collect_sources
from skinbeam.published_doses.counts import count_harm_near, find_tolerated_doses
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
        light, dark = (find_tolerated_doses(755.0, 3.0, 15.0, skin) for skin in ((1, 2), (5, 6)))
    assert light is not None
    assert light.low <= light.high
    assert 0 < light.sources <= light.rows
    assert light.harmed <= light.of
    assert dark is None or dark.high <= light.high
    kept_aside = {row.source for row in practice_rows() if row.role == "validation"}
    assert not kept_aside & set(sources)
    assert find_tolerated_doses(2940.0, 0.3, 5.0, None) is None
    assert find_tolerated_doses(755.0, 1e-5, 3.0, (1, 2)) != light


def test_more_skins_are_told_of_by_no_fewer_rows() -> None:
    one, every = (find_tolerated_doses(595.0, 6.0, 7.0, skin) for skin in ((3, 3), None))
    assert one is not None
    assert every is not None
    assert one.rows <= every.rows
    assert every.low <= one.low <= one.high <= every.high


def test_what_a_growth_bore_is_no_dose_that_skin_bears() -> None:
    """Knobs on fingers are burnt on purpose at 1064 nm, with more than the skin around them is given."""
    (burnt,) = (row for row in practice_rows() if row.source == "dong2019pg")
    assert (burnt.kind, burnt.role, burnt.fluence_J_cm2) == ("tolerated", "calibration", (100.0, 125.0))
    found = find_tolerated_doses(1064.0, 13.0, 5.0, None)
    assert found is not None
    assert found.high < 100.0
