"""Virtual patients have the ages, colours and sites that were counted, and more of them go on with fewer."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.model.case_tables import CaseTables
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import case_from_tables
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import resolve_name
from skinbeam.sweeps.axes import PERSON, population_axis
from skinbeam.sweeps.sweep_file import load_sweep, values_at

CASE = CaseTables(
    {
        "patient": {"age_years": 40, "ita_deg": 40.0},
        "concern": [{"condition": "solar-lentigo", "site": "hands", "severity": "mild"}],
    }
)
N = 1024


def column(field: str) -> list[Any]:
    axis = population_axis(N, 0, CASE, "consult")
    return [row[axis.fields.index(field)] for row in axis.rows]


def test_ages_sexes_and_colours_are_those_that_were_counted() -> None:
    table = load_package_table("data/population.toml")
    ages, share = np.array(column("patient.age_years")), np.array(table["age_years"]["share"])
    counted = np.histogram(ages, [*table["age_years"]["from"], table["age_years"]["to"][-1]])[0]
    # A margin of a Sobol sample has one point in each of its 1024 equal parts: a class is off by one part at either
    # end, and by what an age rounded to a tenth of a year moves across it.
    assert np.abs(counted - N * share / share.sum()).max() <= 4
    assert abs(Counter(column("patient.sex"))["male"] - 0.09 * N) <= 2
    middle = table["ita_deg"]["quantiles"][10]
    assert abs(np.median(column("patient.ita_deg")) - middle) < 0.2


def test_sites_are_those_of_trials_of_the_condition_and_every_person_makes_a_case() -> None:
    axis = population_axis(64, 3, CASE, "consult")
    known = {
        site
        for arm in trial_arms()
        if arm.condition == resolve_name("condition", "solar-lentigo", field="")
        for site in arm.sites
    }
    assert {row[axis.fields.index("concern.0.site")] for row in axis.rows} <= known
    for row in axis.rows:
        values = dict(zip(axis.fields, row, strict=True))
        assert case_from_tables(CASE.with_fields(values).root, Path(), "case").case.patient is not None


def test_more_people_go_on_with_fewer() -> None:
    assert population_axis(100, 5, CASE, "consult").rows == population_axis(300, 5, CASE, "consult").rows[:100]


def test_a_pulse_takes_skin_and_no_age() -> None:
    assert population_axis(4, 0, CaseTables({}), "simulate").fields == ("skin.ita_deg", "skin.site")


@pytest.mark.parametrize("concerns", [[], [{"condition": "melasma"}, {"condition": "solar-lentigo"}]])
def test_a_plan_is_drawn_for_one_concern(concerns: list[dict[str, str]]) -> None:
    with pytest.raises(InputError, match="come together") as raised:
        population_axis(4, 0, CaseTables({"concern": concerns}), "consult")
    assert raised.value.field == "population"


def test_a_sweep_file_may_draw_people_beside_axes(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text('[skin]\nsite = "cheeks"\nita_deg = 45.0\n', encoding="utf-8")
    asked = 'case = "case.toml"\noutputs = ["harm.p_burn"]\n[axes]\n"settings.fluence_J_cm2" = [4.0, 6.0]\n'
    (tmp_path / "sweep.toml").write_text(asked + "[population]\nn = 3\n", encoding="utf-8")
    sweep = load_sweep(tmp_path / "sweep.toml")
    assert [axis.name for axis in sweep.axes] == [PERSON, "settings.fluence_J_cm2"]
    assert set(values_at(sweep, (2, 1))) == {"skin.ita_deg", "skin.site", "settings.fluence_J_cm2"}
