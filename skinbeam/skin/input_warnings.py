"""Warn about inputs on skin or patient that do not affect a result.

A cuvette of blood, for example, has no owner, colour or moisture.
"""

from skinbeam.model.case import Case
from skinbeam.model.consultation import Patient
from skinbeam.skin.presets import has_epidermis, read_preset
from skinbeam.skin.tables import tissue_table
from skinbeam.text import DocumentWarning, Message

__all__ = ["is_reading_used", "unused_input_warnings"]


def is_reading_used(name: str, *, layered: bool) -> bool:
    """Return whether a reflectance reading is used for this skin: not for given layers, nor for a bulk."""
    return not layered and "material" not in read_preset(name)


def unused_input_warnings(case: Case) -> list[DocumentWarning]:
    """Return a warning for each input on the skin or the patient that changes no result."""
    part = case.skin
    if part is None:
        return _age_beyond_model(case.patient)
    name, layered, skinless = part.preset, bool(part.layer), not has_epidermis(part.preset)
    dry = "material" in read_preset(name) and name != "phantom"
    found = {
        "colour-not-used": part.ita_deg is not None and not layered and skinless,
        "site-not-used": part.site is not None and not layered and name != "human",
        "hydration-not-used": part.hydration is not None and (layered or dry),
        "reading-not-used": part.reflectance is not None and not is_reading_used(name, layered=layered),
        "melanin-not-used": any(lesion.melanin_ratio is not None for lesion in case.lesion) and (layered or skinless),
        # Published courses and harms are of people's skin, so a patient still counts when a case gives its own layers.
        "patient-not-used": case.patient is not None and name != "human",
    }
    coloured = case.patient is not None and case.patient.ita_deg is not None and part.ita_deg is None
    owner = "layers" if layered else "preset"
    of_message = {
        "hydration-not-used": f"hydration_of_{owner}",
        "reading-not-used": f"reading_of_{owner}",
        "melanin-not-used": f"melanin_of_{owner}",
        "patient-not-used": "patient_but_colour" if coloured and not layered and not skinless else "patient_of_preset",
        "colour-not-used": "colour_without_epidermis",
        "site-not-used": "site_without_person",
    }
    warnings: list[DocumentWarning] = [
        DocumentWarning(code, Message(f"skin.{of_message[code]}", _message_parameters(of_message[code], name)))
        for code, there in found.items()
        if there
    ]
    return warnings if layered or name != "human" else warnings + _age_beyond_model(case.patient)


def _message_parameters(message: str, preset_name: str) -> dict[str, str]:
    return {} if message.endswith("_of_layers") else {"preset": preset_name}


def _age_beyond_model(patient: Patient | None) -> list[DocumentWarning]:
    limits = tissue_table("layers")["age"]["range_years"]
    if patient is None or limits["low"] <= patient.age_years <= limits["high"]:
        return []
    params = {"low_years": limits["low"], "high_years": limits["high"], "age_years": patient.age_years}
    return [DocumentWarning("age-at-end", Message("skin.age_at_end", params))]
