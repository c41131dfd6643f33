"""What clinics counted near a setting: all rows of such light, and of no other."""

from skinbeam.derived import derived_table
from skinbeam.practice.counted import counted_near
from skinbeam.provenance import collect


def test_what_is_near_is_summed_and_what_is_far_is_not() -> None:
    rows = derived_table("practice_doses")["row"]
    near = [row for row in rows.values() if row["kind"] == "counted" and row["wavelength_nm"] == 755.0]
    with collect() as sources:
        found = counted_near(755.0, 8.0)
    assert found is not None
    assert (found.harmed, found.of) == (sum(r["harmed"] for r in near), sum(r["of"] for r in near))
    assert found.sources == len({row["source"] for row in near}) == len(sources)
    assert counted_near(1540.0, 8.0) is None
    assert counted_near(755.0, 8.0, lamp=True) is None
    assert counted_near(755.0, 1e-5) is None
