"""A plan whose course treats acne scars and texture of the cheeks with one pattern of columns, without a planner."""

import copy
import json
from dataclasses import replace

from app_samples import LEAST, made_plan
from clinic_samples import Clinics
from report_samples import sample_plan

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import make_submission

__all__ = ["DEVICE", "SCARS", "TEXTURE", "add_shared_plan", "shared_document"]

SCARS, TEXTURE = 3, 4
DEVICE = "fractional-co2-10600"


def shared_document(*, energy_times: float = 0.5) -> bytes:
    """The plan; the columns planned for the texture have so many times the energy of those for the scars."""
    document = sample_plan()
    scars = document["concerns"][SCARS]
    scars["options"][0]["device"] = DEVICE
    texture = copy.deepcopy(scars) | {"condition": "skin-texture", "title": "Uneven texture"}
    texture["options"][0]["settings"]["microbeam"]["energy_mJ"] *= energy_times
    document["concerns"].append(texture)
    for visit in document["course"]:
        if "acne-scars at cheeks" in visit["treats"]:
            visit["treats"].append("skin-texture at cheeks")
    return json.dumps(document).encode()


def add_shared_plan(clinics: Clinics, *, energy_times: float = 0.5, patient_id: str = "") -> str:
    """Store such a plan of a patient, and return its id."""
    repositories = clinics.repositories(Role.CLINICIAN)
    patient_id = patient_id or repositories.patients.add().id
    consultation = repositories.consultations.begin(patient_id, make_submission(LEAST.items()))
    made = made_plan()
    made = replace(made, files={**made.files, "plan.json": shared_document(energy_times=energy_times)})
    return repositories.plans.add(consultation.id, made, revision=consultation.revision).id
