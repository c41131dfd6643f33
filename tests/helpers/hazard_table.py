"""Hazards by ways around them, written by hand: spelt otherwise, contradicted, left blank, said of another concern."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WAYS = ("plain", "blank", "contradicting", "another concern", "another spelling")
DOORS = ("file", "form", "json")

NAMED = {
    "diagnosed": True,
    "diagnosed_by": "dermatologist",
    "diagnosis_method": "dermoscopy",
    "diagnosis_date": "2026-03-02",
}
VEINS = {"condition": "facial-telangiectasia", "site": "cheeks"}
SPOTS = {"condition": "age-spots", "site": "cheeks", **NAMED}
WRINKLES = {"condition": "wrinkles", "site": "cheeks"}
EYES = {"condition": "facial-telangiectasia", "site": "eyelid"}
LOOSE = {"condition": "laxity", "site": "jaw"}
SCARS = {"condition": "acne-scars", "site": "cheeks"}


@dataclass(frozen=True)
class Cell:
    """What a case file says in a cell, and what must happen: `rule` speaks, or the input is refused at `fault`."""

    patient: Mapping[str, Any] = field(default_factory=dict)
    concerns: tuple[Mapping[str, Any], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Hazard:
    """A row: the choice that must not be open, the rule that closes it, and what each column changes."""

    choice: Mapping[str, Any]
    rule: str
    concern: Mapping[str, Any]
    cells: Mapping[str, Cell]
    least: str = "refer"


def drug(*names: str) -> dict[str, Any]:
    return {"medications": [{"name": name, "last_dose_months": 1.0} for name in names]}


def spot(**changed: Any) -> dict[str, Any]:
    made = {
        "device": "pulsed-dye-595",
        "site": "cheeks",
        "fluence_J_cm2": 6.0,
        "read_after_h": 24.0,
        "reaction": "blister",
    }
    return {"test_spot": [{key: value for key, value in (made | changed).items() if value is not None}]}


def _pregnant(others: tuple[Mapping[str, Any], ...]) -> dict[str, Cell]:
    return {
        "plain": Cell({"pregnant": True}),
        "blank": Cell({"pregnant": None}, rule="pregnancy-ask"),
        "contradicting": Cell({"pregnant": True, "sex": "male"}),
        "another concern": Cell({"pregnant": True}, others),
        "another spelling": Cell({"pregnant": "yes"}, fault="patient.pregnant"),
    }


def _keloid(concern: Mapping[str, Any]) -> dict[str, Cell]:
    decision = {"by": "dermatologist", "date": "2026-03-02", "allows": ["fractional-ablative"]}
    return {
        "plain": Cell({"history": ["keloid"]}),
        "blank": Cell({"history": [""]}, fault="patient.history[0]"),
        "contradicting": Cell({"history": ["keloid"], "keloid_decision": decision}),  # of another treatment
        "another concern": Cell(concerns=(concern, {"condition": "keloid", "site": "decolletage"})),
        "another spelling": Cell(concerns=(concern, {"condition": "Keloids", "site": "chest"})),
    }


ABLATE = {"modality": "ablative"}
SHORT = {"modality": "pigment-short-pulse", "device_wavelength_nm": 1064.0, "pulse_ms": 1e-5}
GREEN = {"modality": "pigment-short-pulse", "device_wavelength_nm": 532.0, "pulse_ms": 1e-5}
DYE = {"modality": "vascular", "device_wavelength_nm": 595.0, "pulse_ms": 10.0}
DEEP = {"modality": "vascular", "device_wavelength_nm": 1064.0, "pulse_ms": 20.0}

TABLE: dict[str, Hazard] = {
    "pregnancy": Hazard(
        DYE,
        "pregnancy",
        VEINS,
        {
            "plain": Cell({"pregnant": True}),
            "blank": Cell({"pregnant": None}, rule="pregnancy-ask"),
            "contradicting": Cell({"pregnant": True, "sex": "male"}),
            "another concern": Cell({"pregnant": True}, (SPOTS, WRINKLES)),
            "another spelling": Cell({"pregnant": "yes"}, fault="patient.pregnant"),
        },
    ),
    "a retinoid by mouth in pregnancy": Hazard(
        DYE,
        "retinoid-by-mouth-in-pregnancy",
        VEINS,
        {
            "plain": Cell({"pregnant": True} | drug("isotretinoin")),
            "blank": Cell({"pregnant": None} | drug("isotretinoin"), rule="pregnancy-ask"),
            "contradicting": Cell({"pregnant": True, "sex": "male"} | drug("none", "acitretin")),
            "another concern": Cell({"pregnant": True} | drug("alitretinoin"), (SPOTS, WRINKLES)),
            "another spelling": Cell({"pregnant": True} | drug("Roaccutan 20 mg")),
        },
    ),
    "isotretinoin before ablation": Hazard(
        ABLATE,
        "isotretinoin-full-field-ablation",
        WRINKLES,
        {
            "plain": Cell(drug("isotretinoin")),
            "blank": Cell(drug("?"), rule="medication-not-checked"),
            "contradicting": Cell(
                {
                    "medications": [
                        {"name": "isotretinoin", "last_dose_months": 30.0},
                        {"name": "isotretinoin", "last_dose_months": 1.0},
                    ]
                }
            ),
            "another concern": Cell(drug("isotretinoin"), (VEINS,)),
            "another spelling": Cell(drug("Isotretinion 20mg")),
        },
    ),
    "a brand of isotretinoin": Hazard(
        ABLATE,
        "isotretinoin-full-field-ablation",
        WRINKLES,
        {
            "plain": Cell(drug("Roacutan")),
            "blank": Cell(drug("-"), rule="medication-not-checked"),
            "contradicting": Cell(drug("Aknenormin", "none")),
            "another concern": Cell(drug("Aknenormin"), (SPOTS,)),
            "another spelling": Cell(drug("iso-tretinoïn Kapseln")),
        },
    ),
    "another retinoid by mouth before ablation": Hazard(
        ABLATE,
        "isotretinoin-full-field-ablation",
        WRINKLES,
        {
            "plain": Cell(drug("acitretin")),
            "blank": Cell(drug("?"), rule="medication-not-checked"),
            "contradicting": Cell(drug("none", "tretinoin cream", "tretinoin capsules")),
            "another concern": Cell(drug("Toctino"), (VEINS,)),
            "another spelling": Cell(drug("Neotigason 25 mg Kapseln")),
        },
    ),
    "two things that hinder healing before columns": Hazard(
        {"modality": "non-ablative-fractional"},
        "several-healing-risks",
        WRINKLES,
        {
            "plain": Cell({"history": ["immunosuppression", "diabetes-uncontrolled"]}),
            "blank": Cell({"history": ["diabetes-uncontrolled"], **drug("?")}, rule="medication-not-checked"),
            "contradicting": Cell({"history": ["diabetes-uncontrolled"], **drug("none", "prednisolone")}),
            "another concern": Cell({"history": ["lupus", "hiv"]}, (VEINS, SCARS)),
            "another spelling": Cell({"history": ["diabetes-uncontrolled"], **drug("Azathioprin")}),
        },
    ),
    "freezing where melasma was": Hazard(
        {"modality": "cryotherapy"},
        "freezing-melasma",
        SPOTS,
        {
            "plain": Cell({"phototype": "IV", "history": ["melasma"]}),
            "blank": Cell({"phototype": "IV", "history": [""]}, fault="patient.history[0]"),
            "contradicting": Cell({"phototype": "I-IV", "ita_deg": 60.0, "history": ["melasma"]}),
            "another concern": Cell(
                {"phototype": "V"}, (SPOTS, {**SPOTS, "condition": "melasma", "site": "full-face"})
            ),
            "another spelling": Cell({"phototype": "iv", "history": ["melasma"]}, fault="patient.phototype"),
        },
    ),
    "a bleaching cream beside vitiligo": Hazard(
        {"modality": "topical-depigmenting"},
        "vitiligo-bleaching-cream",
        SPOTS,
        {
            "plain": Cell({"history": ["vitiligo"]}),
            "blank": Cell({"history": [""]}, fault="patient.history[0]"),
            "contradicting": Cell({"history": ["melasma", "vitiligo"], "expectation": "modest"}),
            "another concern": Cell({"history": ["vitiligo"]}, (VEINS, SPOTS)),
            "another spelling": Cell({"history": ["Vitiligo"]}, fault="patient.history[0]"),
        },
    ),
    "steroids by mouth before ablation": Hazard(
        ABLATE,
        "healing-disease-full-field",
        WRINKLES,
        {
            "plain": Cell(drug("prednisolone")),
            "blank": Cell(drug("unknown"), rule="medication-not-checked"),
            "contradicting": Cell(drug("none", "prednisolone")),
            "another concern": Cell(drug("prednisolone"), (VEINS,)),
            "another spelling": Cell(drug("Prednison")),
        },
    ),
    "an undiagnosed brown spot": Hazard(
        SHORT,
        "pigmented-lesion-undiagnosed",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, **dict.fromkeys(NAMED), "diagnosed": False},)),
            "blank": Cell(concerns=({**SPOTS, "diagnosed_by": " "},), fault="concern[0].diagnosed_by"),
            "contradicting": Cell(more={"lesion": [{"kind": "undiagnosed"}]}),
            "another concern": Cell(concerns=(SPOTS, {"condition": "freckles", "site": "full-face"})),
            "another spelling": Cell(concerns=({"condition": "Liver Spots", "site": "Cheek"},)),
        },
    ),
    "a diagnosis by nobody": Hazard(
        SHORT,
        "pigmented-lesion-undiagnosed",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, "diagnosed_by": "nobody"},), fault="concern[0].diagnosed_by"),
            "blank": Cell(concerns=({**SPOTS, "diagnosis_method": ""},), fault="concern[0].diagnosis_method"),
            "contradicting": Cell(
                concerns=({**SPOTS, "diagnosis_date": "2999-01-01"},), fault="concern[0].diagnosis_date"
            ),
            "another concern": Cell(
                concerns=(VEINS, {**SPOTS, "diagnosed_by": "N/A"}), fault="concern[1].diagnosed_by"
            ),
            "another spelling": Cell(concerns=({**SPOTS, "diagnosed_by": "My-self"},), fault="concern[0].diagnosed_by"),
        },
    ),
    "a spot that changes": Hazard(
        SHORT,
        "lesion-signs",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, "lesion_signs": ["changing"]},)),
            "blank": Cell(concerns=({**SPOTS, "lesion_signs": [""]},), fault="concern[0].lesion_signs[0]"),
            "contradicting": Cell(concerns=({**SPOTS, "diagnosis_method": "biopsy", "lesion_signs": ["bleeding"]},)),
            "another concern": Cell(concerns=(SPOTS, {**VEINS, "lesion_signs": ["irregular"]})),
            "another spelling": Cell(
                concerns=({**SPOTS, "lesion_signs": ["Changing"]},), fault="concern[0].lesion_signs[0]"
            ),
        },
    ),
    "a keloid before fractional ablation": Hazard(
        {"modality": "fractional-ablative"},
        "keloid-ablation",
        WRINKLES,
        {
            "plain": Cell({"history": ["keloid"]}),
            "blank": Cell(
                {
                    "history": ["keloid"],
                    "keloid_decision": {"by": "", "date": "2026-03-02", "allows": ["fractional-ablative"]},
                },
                fault="patient.keloid_decision.by",
            ),
            "contradicting": Cell(
                {
                    "history": ["keloid"],
                    "keloid_decision": {"by": "dermatologist", "date": "2026-03-02", "allows": ["ablative"]},
                }
            ),
            "another concern": Cell(concerns=(WRINKLES, {"condition": "keloid", "site": "decolletage"})),
            "another spelling": Cell(concerns=(WRINKLES, {"condition": "Keloids", "site": "chest"})),
        },
    ),
    "dark skin before full-field ablation": Hazard(
        ABLATE,
        "dark-skin-full-field",
        WRINKLES,
        {
            "plain": Cell({"phototype": "V"}),
            "blank": Cell({"phototype": None}, rule="colour-not-known"),
            "contradicting": Cell({"phototype": "II", "ita_deg": -40.0}),
            "another concern": Cell({"phototype": "VI"}, (VEINS, SPOTS)),
            "another spelling": Cell({"phototype": "5"}, fault="patient.phototype"),
        },
    ),
    "brown skin before full-field ablation": Hazard(
        ABLATE,
        "brown-skin-full-field",
        WRINKLES,
        {
            "plain": Cell({"phototype": "IV"}),
            "blank": Cell({"phototype": None}, rule="colour-not-known"),
            "contradicting": Cell({"phototype": "II", "ita_deg": 20.0}),
            "another concern": Cell({"phototype": "IV"}, (VEINS, SPOTS)),
            "another spelling": Cell({"phototype": "4"}, fault="patient.phototype"),
        },
    ),
    "dark skin before short green pulses": Hazard(
        GREEN,
        "short-pulse-green-dark-skin",
        SPOTS,
        {
            "plain": Cell({"phototype": "V"}),
            "blank": Cell({"phototype": None}, rule="colour-not-known"),
            "contradicting": Cell({"phototype": "I-V"}),
            "another concern": Cell({"phototype": "VI"}, ({**SPOTS, "condition": "freckles"},)),
            "another spelling": Cell({"phototype": "v"}, fault="patient.phototype"),
        },
    ),
    "melasma before short green pulses": Hazard(
        GREEN,
        "short-pulse-green-melasma",
        {**SPOTS, "condition": "melasma"},
        {
            "plain": Cell(),
            "blank": Cell({"phototype": None}),
            "contradicting": Cell({"phototype": "I", "ita_deg": 58.0}),
            "another concern": Cell(concerns=({**SPOTS, "condition": "melasma"}, SPOTS)),
            "another spelling": Cell(concerns=({**SPOTS, "condition": "dark marks"},)),
        },
    ),
    "melasma that touches the field of a lamp": Hazard(
        {"modality": "vascular", "ipl": True},
        "lamp-touching-melasma",
        VEINS,
        {
            "plain": Cell(concerns=({**VEINS, "site": "nose"}, {**SPOTS, "condition": "melasma"})),
            "blank": Cell({"phototype": None}, (VEINS, {**SPOTS, "condition": "melasma", "site": "perioral"})),
            "contradicting": Cell(
                {"phototype": "I", "ita_deg": 58.0}, (VEINS, {**SPOTS, "condition": "melasma", "site": "nose"})
            ),
            "another concern": Cell(
                concerns=({**VEINS, "site": "forehead"}, {**SPOTS, "condition": "melasma", "site": "periorbital"})
            ),
            "another spelling": Cell(concerns=(VEINS, {**SPOTS, "condition": "melasma", "site": "around the mouth"})),
        },
    ),
    "a lamp on vessels where melasma was": Hazard(
        {"modality": "vascular", "ipl": True},
        "lamp-on-vessels-after-melasma",
        VEINS,
        {
            "plain": Cell({"history": ["melasma"]}),
            "blank": Cell({"phototype": None, "history": ["melasma"]}),
            "contradicting": Cell({"phototype": "I", "history": ["melasma", "vitiligo"]}),
            "another concern": Cell({"history": ["melasma"]}, (VEINS, SPOTS)),
            "another spelling": Cell({"history": ["Melasma"]}, fault="patient.history[0]"),
        },
    ),
    "a tan": Hazard(
        DYE,
        "tanned-skin",
        VEINS,
        {
            "plain": Cell({"tan": "current"}),
            "blank": Cell({"tan": ""}, fault="patient.tan"),
            "contradicting": Cell({"tan": "none", "history": ["self-tanner-recent"]}, rule="self-tanner"),
            "another concern": Cell({"tan": "recent"}, (WRINKLES, SPOTS)),
            "another spelling": Cell({"tan": "Current"}, fault="patient.tan"),
        },
    ),
    "a child": Hazard(
        DYE,
        "under-age",
        VEINS,
        {
            "plain": Cell({"age_years": 17.9}),
            "blank": Cell({"age_years": None}, fault="patient.age_years"),
            "contradicting": Cell({"age_years": 16.0, "expectation": "modest", "sex": "other"}),
            "another concern": Cell({"age_years": 12.0}, (SPOTS, WRINKLES)),
            "another spelling": Cell({"age_years": "seventeen"}, fault="patient.age_years"),
        },
    ),
    "gold before short pulses": Hazard(
        SHORT,
        "gold",
        SPOTS,
        {
            "plain": Cell({"history": ["gold-therapy"]}),
            "blank": Cell({"history": [""]}, fault="patient.history[0]"),
            "contradicting": Cell({"medications": [{"name": "gold injections", "last_dose_months": 400.0}]}),
            "another concern": Cell({"history": ["gold-therapy"]}, ({**SPOTS, "condition": "freckles"},)),
            "another spelling": Cell(drug("Myocrisin")),
        },
    ),
    "deep light at the eye": Hazard(
        DEEP,
        "deep-light-near-eye",
        EYES,
        {
            "plain": Cell(),
            "blank": Cell(concerns=({**EYES, "site": ""},), fault="concern[0].site"),
            "contradicting": Cell(concerns=({"condition": "fine-lines-periorbital", "site": "cheeks"},)),
            "another concern": Cell(concerns=(EYES, VEINS)),
            "another spelling": Cell(concerns=({**EYES, "site": "Lower Eyelid"},)),
        },
    ),
    "a tattoo in the field": Hazard(
        DYE,
        "tattoo",
        VEINS,
        {
            "plain": Cell({"history": ["tattoo-in-field"]}),
            "blank": Cell({"history": [" "]}, fault="patient.history[0]"),
            "contradicting": Cell({"history": ["permanent-make-up", "melasma"]}),
            "another concern": Cell({"history": ["tattoo-in-field"]}, (WRINKLES,)),
            "another spelling": Cell({"history": ["tattoo"]}, fault="patient.history[0]"),
        },
        least="with-caution",
    ),
    "a dose that blistered": Hazard(
        DYE,
        "earlier-injury",
        VEINS,
        {
            "plain": Cell(more=spot()),
            "blank": Cell(more=spot(fluence_J_cm2=None)),
            "contradicting": Cell(more={"test_spot": [*spot()["test_spot"], *spot(reaction="none")["test_spot"]]}),
            "another concern": Cell(more=spot(site="hands")),
            "another spelling": Cell(more=spot(device="Pulsed dye laser, 595 nm", reaction="burn")),
        },
        least="with-caution",
    ),
    "a session that blistered": Hazard(
        DYE,
        "earlier-injury-undosed",
        VEINS,
        {
            "plain": Cell(more={"session": [{"week": 4.0, "treats": "facial-telangiectasia", "adverse": ["blister"]}]}),
            "blank": Cell(
                more={"session": [{"week": 4.0, "treats": "redness", "device": "", "adverse": ["a burn"]}]},
            ),
            "contradicting": Cell(
                more={
                    "session": [
                        {"week": 4.0, "treats": "redness", "adverse": ["Blisters"]},
                        {"week": 8.0, "treats": "redness", "response_pct": 90.0, "adverse": ["none"]},
                    ]
                },
            ),
            "another concern": Cell(more={"session": [{"week": 4.0, "treats": "spider-angioma", "adverse": ["scar"]}]}),
            "another spelling": Cell(
                more={"session": [{"week": 4.0, "treats": "rosacea", "adverse": ["BLISTERING on the nose"]}]},
            ),
        },
    ),
    "an unnamed brown spot before freezing": Hazard(
        {"modality": "cryotherapy"},
        "pigmented-lesion-undiagnosed",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, **dict.fromkeys(NAMED), "diagnosed": False},)),
            "blank": Cell(concerns=({"condition": "age-spots", "site": "cheeks"},)),
            "contradicting": Cell(more={"lesion": [{"kind": "undiagnosed"}]}),
            "another concern": Cell(concerns=(SPOTS, {"condition": "freckles", "site": "full-face"})),
            "another spelling": Cell(concerns=({"condition": "Liver Spots", "site": "Cheek"},)),
        },
    ),
    "a spot that changes before a peel": Hazard(
        {"modality": "chemical-peel"},
        "lesion-signs",
        SPOTS,
        {
            "plain": Cell(concerns=({**SPOTS, "lesion_signs": ["changing"]},)),
            "blank": Cell(concerns=({**SPOTS, "lesion_signs": [""]},), fault="concern[0].lesion_signs[0]"),
            "contradicting": Cell(concerns=({**SPOTS, "diagnosis_method": "biopsy", "lesion_signs": ["new"]},)),
            "another concern": Cell(concerns=(SPOTS, {**VEINS, "lesion_signs": ["irregular"]})),
            "another spelling": Cell(concerns=({**SPOTS, "lesion_signs": ["Nu"]},), fault="concern[0].lesion_signs[0]"),
        },
    ),
    "a retinoid cream in pregnancy": Hazard(
        {"modality": "topical-retinoid"},
        "retinoid-cream-in-pregnancy",
        WRINKLES,
        _pregnant((SPOTS, WRINKLES)),
    ),
    "a bleaching cream in pregnancy": Hazard(
        {"modality": "topical-depigmenting"},
        "bleaching-cream-in-pregnancy",
        SPOTS,
        _pregnant((WRINKLES, SPOTS)),
    ),
    "botulinum toxin in pregnancy": Hazard(
        {"modality": "botulinum-toxin"},
        "pregnancy",
        {"condition": "dynamic-wrinkles", "site": "glabella"},
        _pregnant((VEINS, {"condition": "dynamic-wrinkles", "site": "glabella"})),
    ),
    "a keloid before a peel": Hazard({"modality": "chemical-peel"}, "keloid-peel", SCARS, _keloid(SCARS)),
    "a keloid before needling": Hazard({"modality": "microneedling"}, "keloid-needling", SCARS, _keloid(SCARS)),
    "a keloid before surgery": Hazard({"modality": "surgery"}, "keloid-surgery", LOOSE, _keloid(LOOSE)),
    "dark skin before freezing a spot": Hazard(
        {"modality": "cryotherapy"},
        "freezing-spots-on-dark-skin",
        SPOTS,
        {
            "plain": Cell({"phototype": "VI"}),
            "blank": Cell({"phototype": None}, rule="ask-phototype"),
            "contradicting": Cell({"phototype": "II", "ita_deg": -40.0}),
            "another concern": Cell({"phototype": "V"}, (WRINKLES, {**SPOTS, "condition": "freckles"})),
            "another spelling": Cell({"phototype": "6"}, fault="patient.phototype"),
        },
        least="with-caution",
    ),
    "a pacemaker before radiofrequency": Hazard(
        {"modality": "radiofrequency"},
        "radiofrequency-implant",
        LOOSE,
        {
            "plain": Cell({"history": ["pacemaker"]}),
            "blank": Cell({"history": [""]}, fault="patient.history[0]"),
            "contradicting": Cell({"history": ["pacemaker"], "expectation": "modest"}),
            "another concern": Cell({"history": ["heart-disease", "pacemaker"]}, (VEINS, LOOSE)),
            "another spelling": Cell({"history": ["Pace maker"]}, fault="patient.history[0]"),
        },
    ),
    "an infection before needling": Hazard(
        {"modality": "microneedling"},
        "infection-in-field",
        SCARS,
        {
            "plain": Cell({"history": ["active-infection"]}),
            "blank": Cell({"history": [" "]}, fault="patient.history[0]"),
            "contradicting": Cell({"history": ["active-infection", "herpes-labialis"]}),
            "another concern": Cell({"history": ["active-infection"]}, (VEINS, SCARS)),
            "another spelling": Cell({"history": ["infection"]}, fault="patient.history[0]"),
        },
    ),
    "a blood thinner before a filler": Hazard(
        {"modality": "filler"},
        "antithrombotic",
        SCARS,
        {
            "plain": Cell(drug("warfarin")),
            "blank": Cell(drug("?"), rule="medication-not-checked"),
            "contradicting": Cell(drug("none", "apixaban")),
            "another concern": Cell(drug("warfarin"), (VEINS, SCARS)),
            "another spelling": Cell(drug("Marcoumar 3 mg")),
        },
        least="with-caution",
    ),
}
