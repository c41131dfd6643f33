"""Times of healing and shares of harm of a simulated pulse: whose they are, and when nobody knows."""

import csv
import math
from importlib import resources
from typing import Any

import numpy as np
import pytest
from pulse_samples import loaded, median

from skinbeam.api.simulate import simulate_case
from skinbeam.evidence.harm_counts import harm_share_in_trials
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import SourcedValue, bibliography
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.outcome.healing import HEALING_TIMES, healing_table, summarise_healing
from skinbeam.outcome.injury import HARM_OUTCOMES, INJURY_KINDS, OTHER_INJURY, summarise_harm
from skinbeam.suitability.table import DEEP_COLUMNS, SHALLOW_COLUMNS, load_rules

DARK = {"age_years": 40, "sex": "female", "phototype": "V"}
FAIR = {"age_years": 40, "sex": "female", "phototype": "II"}
DAYS_H = 24.0


def simulated(case: Any, *, draws: int = 40, **changes: Any) -> dict[str, Any]:
    return simulate_case(loaded(case, **changes), draws=draws).to_dict()


def kinds(*names: str) -> dict[str, Any]:
    """What a chunk of draws enters, one draw a name; every time is a day, as far as one is published."""
    seen: dict[str, Any] = {"injury.kind": np.array([float(INJURY_KINDS.index(name)) for name in names])}
    for time in HEALING_TIMES:
        seen[f"healing.{time}"] = np.array(
            [0.0 if name == "none" else 1.0 if time in healing_table().get(name, {}) else math.inf for name in names]
        )
    return seen


def test_published_times_are_sourced_and_in_order() -> None:
    for modality, entries in healing_table().items():
        assert modality in vocabulary_table("modality")
        for name, entry in entries.items():
            if name == "face_only":
                continue
            assert name.removeprefix("shallow_") in HEALING_TIMES
            value = SourcedValue.from_table(entry)
            assert value.distribution in ("lognormal", "uniform")
            assert 0 <= value.low < value.high
            assert {value.source, *entry.get("also", ())} <= set(bibliography())


def test_the_times_are_those_that_the_plan_tells() -> None:
    """Two places tell downtime: the rules of a plan and the simulation. They read the same figures."""
    spans = {
        (modality, rule.pulse, value.quantity): (value.low, value.high)
        for rule in load_rules()
        if rule.use == "downtime"
        for modality in rule.modalities
        for value in rule.values
    }
    for modality, pulse, quantity, name in (
        ("ablative", "", "downtime", "downtime_days"),
        ("non-ablative-fractional", DEEP_COLUMNS, "downtime", "downtime_days"),
        ("non-ablative-fractional", SHALLOW_COLUMNS, "downtime", "shallow_downtime_days"),
        ("vascular", "", "downtime", "downtime_days"),
        ("fractional-ablative", "", "redness", "erythema_days"),
    ):
        entry = healing_table()[modality][name]
        assert (entry["low"], entry["high"]) == spans[modality, pulse, quantity]


def test_columns_beyond_1900_nm_peel_longer() -> None:
    """A simulation gave 1550 nm the week in which skin peels after 1927 nm, when plans gave two to three days."""
    deep = simulated("fractional-1550")["healing"]["downtime_days"]
    shallow = simulated("fractional-1550", laser__wavelength_nm=1927.0)["healing"]["downtime_days"]
    assert deep["high"] <= 3.0 < shallow["high"] <= 7.0


def test_the_times_are_those_of_the_trial_table() -> None:
    with (resources.files("skinbeam") / "data" / "studies.csv").open(encoding="utf-8") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    means = [float(rows[f"tanzi2003/{arm}"]["downtime_days_low"]) for arm in ("co2", "eryag")]
    covered = healing_table()["ablative"]["reepithelialisation_h"]["value"] / DAYS_H
    assert covered == pytest.approx(math.sqrt(math.prod(means)), rel=0.01)  # printed to two digits
    red = [float(rows[f"tanzi2003/{arm}"]["erythema_days_low"]) for arm in ("co2", "eryag")]
    assert healing_table()["ablative"]["erythema_days"]["value"] == pytest.approx(math.sqrt(math.prod(red)), rel=0.01)
    crusts = [
        float(row[f"downtime_days_{end}"])
        for row in rows.values()
        if row["modality"] == "fractional-ablative" and row["downtime_kind"] == "crusting"
        for end in ("low", "high")
    ]
    entry = healing_table()["fractional-ablative"]["downtime_days"]
    assert (entry["low"], entry["high"]) == (min(crusts), max(crusts))
    # A lognormal law has mean m exp(s²/2) and variance mean² (exp(s²) - 1): here 2.1 and 2.0² days.
    entry = healing_table()["pigment-short-pulse"]["downtime_days"]
    s = math.log(entry["high"] / entry["low"]) / 2
    mean = entry["value"] * math.exp(s**2 / 2)
    assert mean == pytest.approx(float(rows["pico532spots2022/1"]["downtime_days_low"]), rel=0.01)
    assert mean * math.sqrt(math.expm1(s**2)) == pytest.approx(2.0, rel=0.01)


def test_a_front_from_the_nearest_edge_says_less_than_the_published_times() -> None:
    """Why no front is fitted to published times: with any speed they rise with the width of a wound, and these fall.

    Wounds from edge to edge: gaps of the follicles of a face, 439 per cm² in a hexagonal lattice (Blume and others
    1991), and columns of 0.1 to 0.2 mm. `t = lag + w / (2 v)`, both free and not negative, by least squares of log t.
    """
    gap_mm = 2 * math.sqrt(2 / (math.sqrt(3) * 4.39)) / math.sqrt(3)
    wounds = [(gap_mm, 5.5), (gap_mm, 5.1), (0.15, 6.0), (0.15, 14.0)]
    days = np.log([t for _, t in wounds])

    def error(lag: float, slope: float) -> float:
        return float(np.std(days - np.log([lag + slope * w / 2 for w, _ in wounds]), ddof=0))

    constant = float(np.std(days))
    fronts = [error(lag, slope) for lag in np.linspace(0.1, 14, 140) for slope in np.linspace(0.1, 30, 60)]
    assert min(fronts) >= constant


@pytest.mark.parametrize(
    ("case", "modality"), [("fractional-co2", "fractional-ablative"), ("fractional-1550", "non-ablative-fractional")]
)
def test_a_fractional_pulse_takes_the_times_of_its_kind(case: str, modality: str) -> None:
    healing = simulated(case)["healing"]
    for name in HEALING_TIMES:
        entry = healing_table()[modality].get(name)
        if (modality, name) == ("non-ablative-fractional", "reepithelialisation_h"):
            continue  # no published time: `test_closure`
        if entry is None:
            assert "unknown" in healing[name]
        else:
            assert entry["low"] <= healing[name]["low"] < healing[name]["high"] <= entry["high"]
            assert entry["source"] in healing[name]["basis"]


def test_craters_are_open_until_they_close_and_columns_never() -> None:
    found = simulated("fractional-co2", draws=200)
    cover = median(found["microlesion"]["coverage_fraction"])
    shares = [median(found["healing"]["wound_open_fraction"][day]) for day in ("1", "3", "7", "14", "28")]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(cover, rel=0.05)  # none closes before the seventh day; mean against median
    assert 0.3 * cover < shares[3] < 0.7 * cover  # day 14 is the middle of 7 to 21; three standard errors of 200 draws
    assert shares[4] == 0
    columns = simulated("fractional-1550")["healing"]["wound_open_fraction"]
    assert {median(value) for value in columns.values()} == {0.0}


def test_where_nothing_is_hurt_nothing_heals_and_nothing_is_risked() -> None:
    found = simulated("vessel", laser={"wavelength_nm": 595.0}, settings__fluence_J_cm2=0.01)
    for name in HEALING_TIMES:
        assert median(found["healing"][name]) == 0
    assert {median(value) for value in found["healing"]["wound_open_fraction"].values()} == {0.0}
    assert {median(found["harm"][name]) for name in HARM_OUTCOMES} == {0.0}
    assert median(found["harm"]["p_burn"]) < 1e-3  # of people, whose dose may lie off the computed one


def test_a_burn_is_no_treatment() -> None:
    found = simulated("bath")
    assert all("burn" in found["healing"][name]["unknown"] for name in HEALING_TIMES)
    assert all("burn" in value["unknown"] for value in found["harm"].values())


def test_a_wound_through_the_epidermis_takes_the_times_of_full_field_lasers() -> None:
    found = simulated("er-yag", settings__fluence_J_cm2=24.0)
    healing = found["healing"]
    # The median is the published one within the error of a median of 40 draws, 1.25 / sqrt(40) of a deviation.
    entry = healing_table()["ablative"]["reepithelialisation_h"]
    allowed = (entry["high"] / entry["value"]) ** (3 * 1.25 / math.sqrt(40))
    assert entry["value"] / allowed < median(healing["reepithelialisation_h"]) < entry["value"] * allowed
    assert "unknown" in healing["oedema_days"]
    elsewhere = simulated("er-yag", settings__fluence_J_cm2=24.0, skin__site="hands")["healing"]
    assert "hands" in elsewhere["downtime_days"]["unknown"]
    pig = simulated("er-yag", settings__fluence_J_cm2=60.0, skin__preset="pig", skin__site=None)
    assert "pig" in pig["healing"]["downtime_days"]["unknown"]
    assert "pig" in pig["harm"]["p_scar"]["unknown"]
    # A deeper wound than the trials made is not one of theirs.
    deep = simulated("er-yag", settings__fluence_J_cm2=900.0)
    assert "deep dermis" in deep["healing"]["downtime_days"]["unknown"]


def test_a_few_draws_without_a_time_leave_the_interval_known() -> None:
    """The upper end of 0.8 stands at nine of ten: one of twenty without an end is beyond it, three are not."""
    weights = np.ones(20)
    case = loaded("vessel").case
    few = summarise_healing(kinds(*["vascular"] * 19, OTHER_INJURY), weights, case, ("a",))
    assert isinstance(few.downtime_days, Estimate)
    many = summarise_healing(kinds(*["vascular"] * 17, *[OTHER_INJURY] * 3), weights, case, ("a",))
    assert isinstance(many.downtime_days, Unknown)
    assert isinstance(
        summarise_harm(
            Unknown("not asked"),
            kinds(*["vascular"] * 17, *[OTHER_INJURY] * 3),
            weights,
            case,
            ("a",),
            lambda *_: Estimate(0.1, 0.0, 0.2, 0.8, "pooled", 10, ("a",)),
        ).p_scar,
        Unknown,
    )


def test_harm_is_what_trials_counted_after_that_kind_of_laser() -> None:
    dark, fair = (simulated("fractional-1550", patient=who)["harm"]["p_pih"] for who in (DARK, FAIR))
    case = loaded("fractional-1550", patient=DARK).case
    counted = harm_share_in_trials("pih", "non-ablative-fractional", case)
    assert isinstance(counted, Estimate)
    assert median(dark) == pytest.approx(counted.median, rel=1e-5)  # documents are rounded
    assert tuple(dark["basis"]) == counted.basis
    assert median(fair) < median(dark)
    alone = simulated("fractional-1550")["harm"]
    assert "colour" in alone["p_pih"]["unknown"]
    assert 0 < median(alone["p_scar"]) < 0.05


def test_harm_grows_with_the_share_of_skins_that_are_hurt() -> None:
    case = loaded("vessel").case
    count = Estimate(0.2, 0.1, 0.3, 0.8, "pooled", 10, ("a",))
    shares = []
    for hurt in range(21):
        seen = kinds(*["vascular"] * hurt, *["none"] * (20 - hurt))
        found = summarise_harm(Unknown("not asked"), seen, np.ones(20), case, ("a",), lambda *_: count).p_pih
        assert isinstance(found, Estimate)
        shares.append(found.median)
    assert shares == pytest.approx([0.2 * hurt / 20 for hurt in range(21)])


def test_a_measured_colour_goes_before_the_phototype_that_was_stated() -> None:
    by_phototype = loaded("fractional-1550", patient=DARK).case
    measured = loaded("fractional-1550", patient=DARK | {"ita_deg": 60.0}).case
    p = [harm_share_in_trials("pih", "non-ablative-fractional", case) for case in (by_phototype, measured)]
    assert all(isinstance(one, Estimate) for one in p)
    assert p[1].median < p[0].median


def test_long_pulses_that_break_melanosomes_are_no_short_ones() -> None:
    """The same epidermis broken by nanoseconds and by milliseconds: trials of the first tell nothing of the second."""
    case = {
        "skin": {"preset": "human", "site": "cheeks", "ita_deg": 30.0},
        "laser": {"wavelength_nm": 532.0},
        "settings": {"spot_mm": 6.0, "fluence_J_cm2": 30.0, "pulse_ms": 5.0},
    }
    long = simulate_case(loaded(case), draws=8).to_dict()
    short = simulate_case(loaded(case, settings__pulse_ms=5e-6, settings__fluence_J_cm2=2.0), draws=8).to_dict()
    assert median(long["damage"]["p_melanosome_disrupted"]) == 1.0
    assert median(short["damage"]["p_melanosome_disrupted"]) == 1.0
    assert "injury" in long["healing"]["downtime_days"]["unknown"]
    assert "median" in short["healing"]["downtime_days"]
