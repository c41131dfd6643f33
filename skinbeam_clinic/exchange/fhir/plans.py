"""CarePlan, DocumentReference, Device, ServiceRequest: a plan, its files, the lasers that it names, what was chosen."""

import json
from collections.abc import Mapping
from functools import lru_cache

from skinbeam.exchange.fhir.parts import (
    Resource,
    attachment,
    coded,
    content_of,
    extended,
    extension,
    identified,
    identifier,
    known,
    our_coding,
    part_id,
    reference,
    referred,
    time,
    time_of,
    trimmed,
    words,
)
from skinbeam.plan.reading import read_plan
from skinbeam.plan.records import Option
from skinbeam.plan.setup import Setup
from skinbeam.records.kept import Choice, KeptPlan, Plan

__all__ = ["care_plan", "choices", "devices", "documents", "options_of", "plan_of"]

_TYPES = {"json": "application/json", "pdf": "application/pdf"}
_PLAN = "plan.json"


def devices(kept: KeptPlan) -> dict[str, Resource]:
    """Return the devices of a plan's options, by the name of the resource."""
    options = options_of(kept)
    setups = {option.setup.device: option.setup for option in options.values() if option.setup is not None}
    made = (_device(part_id(kept.plan.id, f"device-{n}"), setup) for n, setup in enumerate(setups.values(), 1))
    return {one["id"]: one for one in made}


def care_plan(kept: KeptPlan, patient_id: str, *, last: bool) -> Resource:
    """Return a plan: what it is of, what it takes to make it again, its files, and what was chosen."""
    plan = kept.plan
    made = extension(
        "plan",
        revision=str(plan.consultation_revision),
        version=plan.version,
        seed=str(plan.seed),
        draws=str(plan.draws),
    )
    return trimmed(
        {
            "resourceType": "CarePlan",
            "id": plan.id,
            "extension": [made],
            "identifier": [identifier("plan-sha256", plan.plan_sha256), identifier("case-sha256", plan.case_sha256)],
            "status": "active" if last else "revoked",
            "intent": "plan",
            "subject": reference(patient_id),
            "encounter": reference(plan.consultation_id),
            "created": time(plan.made_at),
            "supportingInfo": [reference(_file_id(plan, name)) for name in kept.files],
            "activity": [{"reference": reference(choice.id)} for choice in kept.choices],
        }
    )


def documents(kept: KeptPlan, patient_id: str, *, last: bool) -> list[Resource]:
    """Return the files of a plan; its document names the devices."""
    made = []
    for name, content in kept.files.items():
        related = [reference(id) for id in devices(kept)] if name == _PLAN else []
        context = trimmed({"encounter": [reference(kept.plan.consultation_id)], "related": related})
        made.append(
            {
                "resourceType": "DocumentReference",
                "id": _file_id(kept.plan, name),
                "masterIdentifier": identifier("sha256", kept.plan.files[name]),
                "status": "current" if last else "superseded",
                "type": coded(our_coding("plan-file", name.partition(".")[0]), said=name),
                "subject": reference(patient_id),
                "date": time(kept.plan.made_at),
                "content": [{"attachment": attachment(content, _TYPES[name.rpartition(".")[2]], title=name)}],
                "context": context,
            }
        )
    return made


def choices(kept: KeptPlan, patient_id: str) -> list[Resource]:
    """Return what was chosen; of two choices for one concern the later one counts."""
    options = options_of(kept)
    counting = {choice.option.partition(".")[0]: choice.id for choice in kept.choices}
    return [
        trimmed(
            {
                "resourceType": "ServiceRequest",
                "id": choice.id,
                "identifier": [identifier("plan-option", choice.option)],
                "basedOn": [reference(kept.plan.id)],
                "status": "active" if choice.id in counting.values() else "revoked",
                "intent": "plan",
                "code": _chosen(options[choice.option]),
                "subject": reference(patient_id),
                "encounter": reference(kept.plan.consultation_id),
                "authoredOn": time(choice.made_at),
                "note": [{"text": choice.notes}] if choice.notes else None,
            }
        )
        for choice in kept.choices
    ]


def plan_of(care_plan: Resource, documents: list[Resource], chosen: list[Resource]) -> KeptPlan:
    """Return the plan of its resources."""
    made = extended(care_plan, "plan")
    files = {one["content"][0]["attachment"]["title"]: one for one in documents}
    plan = Plan(
        id=care_plan["id"],
        consultation_id=referred(care_plan["encounter"]),
        consultation_revision=int(made["revision"]),
        case_sha256=identified(care_plan, "case-sha256"),
        plan_sha256=identified(care_plan, "plan-sha256"),
        version=made["version"],
        seed=int(made["seed"]),
        draws=int(made["draws"]),
        files={name: identified(one, "sha256", "masterIdentifier") for name, one in files.items()},
        made_at=time_of(care_plan["created"]),
        made_by="",
    )
    contents = {name: content_of(one["content"][0]["attachment"]) for name, one in files.items()}
    return KeptPlan(plan, contents, tuple(_choice_of(one, plan.id) for one in chosen))


def _choice_of(resource: Resource, plan_id: str) -> Choice:
    return Choice(
        id=resource["id"],
        plan_id=plan_id,
        option=identified(resource, "plan-option"),
        notes=resource["note"][0]["text"] if "note" in resource else "",
        made_at=time_of(resource["authoredOn"]),
        made_by="",
    )


def options_of(kept: KeptPlan) -> Mapping[str, Option]:
    """Return the options of a plan by their places, such as `0.1`."""
    return _options(kept.files[_PLAN])


@lru_cache(maxsize=4)
def _options(content: bytes) -> Mapping[str, Option]:
    """The options of a plan's document by their places, such as `0.1`."""
    return {
        f"{concern}.{number}": option
        for concern, one in enumerate(read_plan(json.loads(content)).concerns)
        for number, option in enumerate(one.options)
    }


def _chosen(option: Option) -> Resource:
    device = f", {option.setup.device_title}" if option.setup else ""
    return coded(our_coding("modality", option.modality), said=f"{option.title}{device}")


def _file_id(plan: Plan, name: str) -> str:
    return part_id(plan.id, name)


def _device(id: str, setup: Setup) -> Resource:
    kind = {"text": words("lamp")} if setup.lamp else coded(known("laser"), said=words("laser"))
    return {
        "resourceType": "Device",
        "id": id,
        "identifier": [identifier("device", setup.device)],
        "deviceName": [{"name": setup.device_title, "type": "user-friendly-name"}],
        "type": kind,
    }
