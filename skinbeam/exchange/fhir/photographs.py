"""Media: photographs, each with a Consent that says what its person allowed."""

from dataclasses import fields

from skinbeam.exchange.fhir.parts import (
    CONSENT_DOCUMENT,
    Resource,
    attachment,
    coded,
    content_of,
    identified,
    identifier,
    known,
    our_coding,
    part_id,
    reference,
    referred,
    time,
    time_of,
    words,
)
from skinbeam.records.kept import Permissions, Photograph

__all__ = ["media", "permission", "permissions_of", "photograph_of"]

_USES = tuple(field.name for field in fields(Permissions))


def media(photograph: Photograph, content: bytes, patient_id: str) -> Resource:
    """Return a photograph with what it shows."""
    return {
        "resourceType": "Media",
        "id": photograph.id,
        "identifier": [identifier("sha256", photograph.file)],
        "status": "completed",
        "type": coded(known("image")),
        "subject": reference(patient_id),
        "encounter": reference(photograph.consultation_id),
        "issued": time(photograph.added_at),
        "content": attachment(content, photograph.media_type),
    }


def permission(photograph: Photograph, patient_id: str) -> Resource:
    """Return what a photograph may be used for, and what not; a type stands in nested rules alone, as FHIR has it."""
    rules = []
    for kind, wanted in (("permit", True), ("deny", False)):
        uses = [use for use in _USES if getattr(photograph.permissions, use) is wanted]
        if uses:
            rules.append(
                {"type": kind, "purpose": [our_coding("photograph-use", use, words(f"use-{use}")) for use in uses]}
            )
    return {
        "resourceType": "Consent",
        "id": part_id(photograph.id, "permissions"),
        "status": "active",
        "scope": coded(known("patient-privacy")),
        "category": [coded(known(CONSENT_DOCUMENT))],
        "patient": reference(patient_id),
        "policyRule": {"text": words("photograph-policy")},
        "provision": {"data": [{"meaning": "instance", "reference": reference(photograph.id)}], "provision": rules},
    }


def photograph_of(media: Resource, permissions: Permissions) -> tuple[Photograph, bytes]:
    """Return the photograph of a resource, and what it shows."""
    photograph = Photograph(
        id=media["id"],
        consultation_id=referred(media["encounter"]),
        file=identified(media, "sha256"),
        media_type=media["content"]["contentType"],
        permissions=permissions,
        added_at=time_of(media["issued"]),
        added_by="",
    )
    return photograph, content_of(media["content"])


def permissions_of(consent: Resource) -> tuple[str, Permissions]:
    """Return the name of a photograph, and what it may be used for."""
    provision = consent["provision"]
    permits = (rule for rule in provision["provision"] if rule["type"] == "permit")
    allowed = {one["code"] for rule in permits for one in rule["purpose"]}
    return referred(provision["data"][0]["reference"]), Permissions(**{use: use in allowed for use in _USES})
