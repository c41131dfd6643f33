"""Relations of clinical sense between plans and published practice, each held, or told as not met yet."""

import tomllib
from pathlib import Path

import pytest
from consultations import document
from paths import ROOT
from relations import every_plan, pigment, places, resurfacing, scars, usual_settings, vessels, waiting
from relations.cases import CASES
from relations.reading import Reading
from relations.relation import RELATIONS

from skinbeam.model.sources import bibliography

MODULES = (every_plan, pigment, places, resurfacing, scars, usual_settings, vessels, waiting)
NOT_MET = tomllib.loads((Path(__file__).parent / "relations" / "not_met.toml").read_text(encoding="utf-8"))
# Of 109 plans, these 43 are enough for more than half of the relations: every kind of laser, light and dark skin.
PLANNED = """
acne-V acne-scars-1550-II acne-scars-1550-V acne-scars-II acne-scars-V acne-scars-former-keloid active-acne
freckles-II laxity-moderate laxity-pacemaker lid-lines-II lip-mild-II lip-severe-II marks-IV marks-VI melasma-1064-III
melasma-1064-V melasma-III melasma-V raised-scar-II raised-scar-V redness-II spots-I spots-II spots-IV spots-V
spots-hands-II spots-heated-II texture-columns-cheeks texture-columns-hands texture-columns-neck uneven-II
veins-1064-II veins-1064-V veins-II veins-anticoagulant veins-blistered-II veins-bruised-II veins-dye-I veins-dye-II
veins-dye-III veins-dye-V wrinkles-II
"""
DRAWS = 200  # as of a consultation: with fewer, the error of the draws lowers doses and refuses options


def reading(name: str) -> Reading:
    return Reading(name, document(CASES[name], draws=DRAWS))


def is_covering(name: str) -> bool:
    """Whether `make check` holds plans against a relation: of the plans above, or of people who should wait."""
    relation = RELATIONS[name]
    return relation.complaints.__module__ == waiting.__name__ or {*relation.cases} <= {*PLANNED.split()}


@pytest.mark.check  # 109 plans of a second or two each
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if is_covering(name) else pytest.mark.long) for name in RELATIONS]
)
def test_plans_hold_to_it_or_say_so(name: str) -> None:
    found = list(RELATIONS[name].complaints({case: reading(case) for case in RELATIONS[name].cases}))
    if name in NOT_MET:
        assert found, f"met: take {name} out of not_met.toml"
    else:
        assert not found, RELATIONS[name].says


def test_relations_are_many_and_each_has_its_sources_and_cases() -> None:
    assert len(RELATIONS) >= 40
    for one in RELATIONS.values():
        assert one.sources, one.id
        assert set(one.sources) <= set(bibliography()), one.id
        assert one.cases, one.id
        assert set(one.cases) <= set(CASES), one.id
        assert one.says.endswith("."), one.id
    assert {case for one in RELATIONS.values() for case in one.cases} == set(CASES)
    assert set(NOT_MET) <= set(RELATIONS)
    assert set(PLANNED.split()) <= set(CASES)
    assert sum(map(is_covering, RELATIONS)) > len(RELATIONS) / 2


def test_the_page_of_limits_counts_them() -> None:
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    assert f"Of {len(RELATIONS)} [relations]" in page
    assert f"plans break {len(NOT_MET)}." in page
