"""What an injection of cortisone into a raised scar needs, the first choice of every plan for one."""

import pytest
from decision_samples import decide

from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.suitability.judgement import judge_suitability

SCARS = ("hypertrophic-scars", "keloid")


@pytest.mark.parametrize("condition", SCARS)
def test_the_injection_tells_its_endpoint_its_end_and_what_it_does_to_the_skin(condition: str) -> None:
    """It led plans without a word on either: the scar turns pale, and the skin thin in 44 of 100."""
    patient = {"age_years": 30.0, "phototype": "II"}
    case = parse_record(Case, {"patient": patient, "concern": [{"condition": condition, "site": "jaw"}]}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality="intralesional-steroid")
    told = {reason.rule: reason.message.text for reason in found.reasons}
    assert "until it turns pale" in told["steroid-injection-endpoint"]
    assert "3 to 6 injections" in told["steroid-injection-endpoint"]
    assert "44" in told["steroid-injection-harm"]
    assert found.decision == "with-caution"


@pytest.mark.parametrize("phototype", ["I", "II", "III", "IV", "V", "VI"])
def test_paler_skin_is_told_where_it_shows(phototype: str) -> None:
    _, rules = decide("intralesional-steroid", "keloid", "jaw", phototype=phototype)
    assert ("steroid-injection-darker" in rules) is (phototype in ("IV", "V", "VI"))


@pytest.mark.parametrize("modality", ["silicone", "intralesional-5-fluorouracil", "cryotherapy", "vascular"])
def test_nothing_else_for_a_scar_is_told_so(modality: str) -> None:
    assert not {rule for rule in decide(modality, "keloid", "jaw", phototype="VI")[1] if "steroid-injection" in rule}
