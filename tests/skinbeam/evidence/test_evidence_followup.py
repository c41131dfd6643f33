"""When the pooled trials looked at their patients."""

from skinbeam.evidence.expectation.durability import followup_months
from skinbeam.model.estimate import Unknown


def test_months_are_those_of_the_studies_and_the_treatment_asked_for() -> None:
    assert followup_months("acne-scars", "fractional-ablative", ["majid2014"]) == (6.0, 6.0)
    assert followup_months("acne-scars", "fractional-ablative", ["majid2014", "qian2012", "zhang2013"]) == (6.0, 12.0)


def test_without_a_study_or_for_another_treatment_it_is_unknown() -> None:
    for modality, study in (("fractional-ablative", "zhang2013"), ("vascular", "majid2014")):
        assert isinstance(followup_months("acne-scars", modality, [study]), Unknown)
    assert isinstance(followup_months("acne-scars", "fractional-ablative", []), Unknown)
