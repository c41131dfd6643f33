"""Rules that ask for gentler settings without a number change none, and each says so beside the setting."""

import re
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options

from skinbeam.plan.rules.table import rules

ASKS = re.compile(r"low energy|low density|lower density|least energy|gentle settings|longer wavelength", re.IGNORECASE)
SAID = re.compile(
    r"names no number, so no setting[^.;]* in this plan was|names no wavelength, and none in this plan was"
)
RULES = rules("suitability")


def test_a_rule_that_asks_for_gentler_settings_says_that_none_was_changed() -> None:
    asking = {rule.id for rule in RULES if ASKS.search(rule.message.text)}
    saying = {rule.id for rule in RULES if SAID.search(rule.message.text)}
    assert {"raised-scars", "fractional-ablative-darker-skin", "lower-density", "neck-fractional"} <= asking
    assert saying == asking


def test_a_rule_that_names_no_number_holds_none() -> None:
    """As soon as one does, the plan has to hold its settings against it, and the sentence is no longer true."""
    saying = [rule for rule in RULES if SAID.search(rule.message.text)]
    assert saying
    for rule in saying:
        assert not rule.message.params, rule.id
        assert not re.search(r"\d", rule.message.text), rule.id


@pytest.mark.parametrize(
    ("history", "spoke"),
    [("hypertrophic-scar", "raised-scars"), ("pih", "pih-history-resurfacing"), ("melasma", "melasma-history")],
)
def test_what_the_sentence_says_is_so(history: str, spoke: str) -> None:
    chosen = concern("acne-scars") + devices("fractional-co2-10600")
    (without,), (with_it,) = (
        laser_options(document(PERSON + said + chosen)) for said in ("", f'history = ["{history}"]\n')
    )
    assert spoke not in _rules_of(without)
    assert spoke in _rules_of(with_it)
    assert with_it["settings"] == without["settings"]


def test_in_thin_skin_the_limits_are_what_the_sentence_says() -> None:
    cheeks, neck = (
        laser_options(document(PERSON + concern("acne-scars", site) + devices("fractional-co2-10600")))
        for site in ("cheeks", "neck")
    )
    bounds = [{limit["quantity"]: limit["stop"] for limit in options[0]["limits"]} for options in (cheeks, neck)]
    assert set(bounds[0]) == {"microlesion_depth_fraction", "coverage_fraction"}
    assert all(bounds[1][quantity] < stop for quantity, stop in bounds[0].items())


def _rules_of(option: dict[str, Any]) -> set[str]:
    return {reason["rule"] for reason in option["reasons"]}
