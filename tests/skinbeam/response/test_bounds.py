"""A rule that asks for less holds the settings to a number with a source, or says that it is advice."""

import itertools
import math
import re
from dataclasses import replace
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded

from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.beam import coverage_pct
from skinbeam.laser.device import devices as known_devices
from skinbeam.laser.setting_grid import BeamSetting, density_steps
from skinbeam.model.sources import bibliography
from skinbeam.published_doses.rows import source_role
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.fractional import search_microbeams
from skinbeam.response.goals import treatment_goal
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import SkinBank
from skinbeam.suitability.bounds import RuleBound, RuleBounds, read_bound
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.suitability.table import Rule, load_rules, read_rules

ASKS = re.compile(
    r"low energy|low density|lower density|least energy|gentle settings|longer wavelength|whitening only", re.I
)
ADVICE = "This is advice: no source names a number, and no setting in this plan was changed for it."
RULES = load_rules("suitability")
BOUNDED = [rule for rule in RULES if rule.bounds]
GOOD: dict[str, Any] = {
    "quantity": "density_per_cm2",
    "factor": 0.5,
    "source": "chan2011mini",
    "conditions": "Asian people",
}


def test_a_rule_that_asks_for_less_has_a_bound_or_says_that_it_is_advice() -> None:
    asking = {rule.id for rule in RULES if ASKS.search(rule.message.text)}
    advising = {rule.id for rule in RULES if ADVICE in rule.message.text}
    assert {"lower-density", "raised-scars", "lower-eyelid", "neck-fractional"} <= asking
    assert asking <= advising | {rule.id for rule in BOUNDED}
    assert not advising & {rule.id for rule in BOUNDED}
    assert advising <= asking


@pytest.mark.parametrize("rule", BOUNDED, ids=lambda rule: rule.id)
def test_the_sentence_of_a_rule_names_the_number_that_it_holds(rule: Rule) -> None:
    told = [value for value in rule.message.params.values() if isinstance(value, int | float)]
    for bound in rule.bounds:
        number = bound.factor if bound.factor is not None else bound.maximum
        assert number is not None
        assert any(math.isclose(number * unit, value) for value in told for unit in (1.0, 100.0))


@pytest.mark.parametrize("rule", BOUNDED, ids=lambda rule: rule.id)
def test_a_bound_comes_from_a_source_that_is_not_kept_aside(rule: Rule) -> None:
    for bound in rule.bounds:
        source = bibliography()[bound.source]
        judged = "judgement of this project" in source.fields.get("note", "")
        assert judged or source_role(bound.source) == "calibration"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quantity": "densty"}, "is not one of"),
        ({"facter": 0.5}, "unknown key facter, nearest factor"),
        ({"source": ""}, "source is missing"),
        ({"conditions": None}, "conditions is missing"),
        ({"maximum": 3.0}, "either a factor or a maximum"),
        ({"factor": 1.5}, "above 0 and below 1"),
        ({"factor": 0}, "above 0 and below 1"),
        ({"factor": True}, "above 0 and below 1"),
        ({"quantity": "beam_coverage_fraction"}, "density_per_cm2 alone"),
        ({"spares_printed": False}, "true or left out"),
        ({"of_site": False}, "true or left out"),
        ({"diameter_um": 60.0}, "belongs to energy_mJ"),
    ],
)
def test_an_unsound_bound_is_refused_with_what_is_wrong(change: dict[str, Any], said: str) -> None:
    entry = {
        "use": "suitability",
        "modalities": ["non-ablative-fractional"],
        "decision": "with-caution",
        "strength": "trial",
        "source": "chan2011mini",
        "message": "rules.tanned-skin",
        "params": {"weeks": 4},
        "bound": [GOOD | change],
    }
    with pytest.raises(ValueError, match=f"rule less: bound: .*{said}"):
        read_rules({"less": entry})
    assert read_rules({"less": entry | {"bound": [GOOD]}})[0].bounds == (read_bound(GOOD),)


def test_a_bound_may_not_hang_on_what_the_search_chooses() -> None:
    entry = {
        "use": "suitability",
        "modalities": ["non-ablative-fractional"],
        "when": {
            "all": [{"fact": "darkest_phototype", "at_least": 4}, {"not": {"fact": "wavelength_nm", "below": 1500.0}}]
        },
        "decision": "with-caution",
        "strength": "trial",
        "source": "chan2011mini",
        "message": "rules.tanned-skin",
        "params": {"weeks": 4},
        "bound": [GOOD],
    }
    with pytest.raises(ValueError, match="whatever the wavelength and the pulse"):
        read_rules({"less": entry})


def test_the_strictest_of_several_bounds_counts_alone() -> None:
    half, quarter = (RuleBound("density_per_cm2", "s", "c", factor=factor) for factor in (0.5, 0.25))
    narrow = RuleBound("energy_mJ", "s", "c", maximum=20.0, diameter_um=120.0)
    assert RuleBounds((half, quarter)).density_per_cm2(1000.0) == 250.0
    assert RuleBounds((narrow,)).energy_mJ(120.0) == 20.0
    assert RuleBounds((narrow,)).energy_mJ(240.0) == pytest.approx(80.0)
    assert (
        RuleBounds().beam_coverage_fraction == RuleBounds().effective_share == RuleBounds().energy_mJ(100.0) == math.inf
    )


def test_a_share_for_thin_skin_and_one_for_the_person_are_taken_of_each_other() -> None:
    site = RuleBound("density_per_cm2", "s", "c", factor=0.5, of_site=True)
    person, other = (RuleBound("density_per_cm2", "s", "c", factor=factor) for factor in (0.4, 0.7))
    for bounds in itertools.permutations((site, person, other)):
        assert RuleBounds(bounds).density_per_cm2(1000.0) == pytest.approx(200.0)
        assert RuleBounds(bounds).density_per_cm2(1000.0, is_scar=True) == pytest.approx(400.0)
    assert RuleBounds((site, site)).density_per_cm2(1000.0) == 500.0


@pytest.mark.parametrize("site", ["eyelid", "periorbital", "neck", "decolletage", "hands"])
@pytest.mark.parametrize("modality", ["non-ablative-fractional"])
def test_columns_of_thin_dark_skin_are_half_as_dense_as_of_thin_light_skin(site: str, modality: str) -> None:
    found = {}
    for phototype in ("II", "V"):
        person = f'[patient]\nage_years = 45\nsex = "female"\nphototype = "{phototype}"\n'
        case = loaded(person + concern("skin-texture", site, "")).case
        bounds = judge_suitability(case, concern=case.concern[0], modality=modality).bounds
        found[phototype] = bounds.density_per_cm2(1000.0)
    assert found == {"II": 500.0, "V": 250.0}


def test_a_density_that_sources_print_for_such_skin_is_spared_by_a_factor_that_says_so() -> None:
    spares = RuleBound("density_per_cm2", "s", "c", factor=0.5, spares_printed=True)
    halves = RuleBound("density_per_cm2", "s", "c", factor=0.7)
    assert RuleBounds((spares,)).density_per_cm2(1000.0, is_printed=True) == 1000.0
    assert RuleBounds((spares,)).density_per_cm2(1000.0) == 500.0
    assert RuleBounds((spares, halves)).density_per_cm2(1000.0, is_printed=True) == 700.0


# --- what it does to settings -------------------------------------------------------------------------------------


def trial_of(
    device: str, modality: str, setting: BeamSetting, energy_mJ: float, phototype: str, site: str
) -> CandidateSetting | None:
    told = f'phototype = "{phototype}"\n' if phototype else ""
    case = loaded(f'[patient]\nage_years = 45\nsex = "female"\n{told}' + concern("acne-scars", site)).case
    bounds = judge_suitability(case, concern=case.concern[0], modality=modality).bounds
    goal = replace(treatment_goal("acne-scars", modality), bounds=bounds)
    machine = SearchMachine(device, known_devices()[device])
    skins = SkinBank(case, assess_colour(case, None), 100, 0).skins(site, goal)
    return search_microbeams(machine, setting, goal, skins, energies=[energy_mJ])


def test_darker_and_thinner_skin_gets_half_of_the_columns_and_no_more_energy() -> None:
    setting = BeamSetting(1550.0, 5.0, 0.06)
    offered = density_steps(known_devices()["fractional-1550"], setting, 5.0)

    def density(phototype: str, site: str) -> float:
        found = trial_of("fractional-1550", "non-ablative-fractional", setting, 5.0, phototype, site)
        assert found is not None
        assert found.density_per_cm2 is not None
        return found.density_per_cm2

    light = density("I", "cheeks")
    half = max(one for one in offered if one <= light / 2)
    assert density("IV", "cheeks") == density("VI", "cheeks") == half
    assert density("I", "neck") == density("I", "eyelid") == density("I", "hands") == half
    assert density("VI", "hands") == max(one for one in offered if one <= light / 4)
    assert density("", "cheeks") == half  # a phototype that nobody said is no light one


def test_ablating_columns_treat_no_more_of_darker_skin_than_a_trial_did() -> None:
    setting = BeamSetting(10600.0, 0.5, 0.12)
    dark = trial_of("fractional-co2-10600", "fractional-ablative", setting, 15.0, "IV", "cheeks")
    assert dark is not None
    assert dark.density_per_cm2 is not None
    assert coverage_pct(120.0, dark.density_per_cm2) <= 10.0  # under the beams, as the trial counted it
    assert trial_of("fractional-co2-10600", "fractional-ablative", setting, 30.0, "II", "cheeks") is not None
    assert trial_of("fractional-co2-10600", "fractional-ablative", setting, 30.0, "V", "cheeks") is None


def test_a_raised_scar_gets_few_and_deep_columns_in_dark_skin_too() -> None:
    chosen = concern("hypertrophic-scars", "jaw") + devices("fractional-co2-10600")
    (light,), (dark,) = (
        [one["settings"]["microbeam"] for one in laser_options(document(person + chosen))]
        for person in (PERSON, '[patient]\nage_years = 45\nsex = "female"\nphototype = "IV"\n')
    )
    assert dark["energy_mJ"] == light["energy_mJ"]
    assert dark["density_per_cm2"] < light["density_per_cm2"]
    assert 4.5 <= coverage_pct(light["diameter_um"], light["density_per_cm2"]) <= 5.0


def test_who_had_raised_scars_gets_few_columns() -> None:
    chosen = concern("acne-scars") + devices("fractional-co2-10600")
    (found,) = laser_options(document(PERSON + 'history = ["hypertrophic-scar"]\n' + chosen))
    columns = found["settings"]["microbeam"]
    assert coverage_pct(columns["diameter_um"], columns["density_per_cm2"]) <= 5.0


@pytest.mark.parametrize(
    ("history", "device"), [("hypertrophic-scar", "fractional-1550"), ("melasma", "fractional-co2-10600")]
)
def test_advice_changes_no_setting(history: str, device: str) -> None:
    chosen = concern("acne-scars") + devices(device)
    (without,), (with_it,) = (
        laser_options(document(PERSON + said + chosen)) for said in ("", f'history = ["{history}"]\n')
    )
    assert _rules_of(with_it) > _rules_of(without)
    assert with_it["settings"] == without["settings"]


def test_a_bound_stands_beside_the_option_with_its_source() -> None:
    chosen = concern("acne-scars") + devices("fractional-1550")
    (plain,), (held,) = (laser_options(document(PERSON + said + chosen)) for said in ("", 'history = ["pih"]\n'))
    (reason,) = [one for one in held["reasons"] if one["rule"] == "pih-history-resurfacing"]
    assert [(one["factor"], one["source"]) for one in reason["bounds"]] == [(0.5, "chan2011mini")]
    microbeams = [option["settings"]["microbeam"] for option in (plain, held)]
    assert microbeams[1]["density_per_cm2"] <= microbeams[0]["density_per_cm2"] / 2
    assert microbeams[1]["energy_mJ"] == microbeams[0]["energy_mJ"]
    assert not any("bounds" in one for one in plain["reasons"])


def _rules_of(option: dict[str, Any]) -> set[str]:
    return {reason["rule"] for reason in option["reasons"]}
