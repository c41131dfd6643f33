"""Consent to an option of a plan, and the document that was signed: by its hash, since a name stands in it."""

from skinbeam.exchange.fhir.parts import (
    CONSENT_DOCUMENT,
    Resource,
    attachment,
    coded,
    extended,
    extension,
    identified,
    identifier,
    known,
    part_id,
    reference,
    referred,
    time,
    time_of,
    trimmed,
    words,
)
from skinbeam.records.kept import Consent

__all__ = ["consent_of", "consent_resource", "signed_document"]


def consent_resource(consent: Consent, patient_id: str) -> Resource:
    """Return a consent: proposed until it is signed, inactive once it is void."""
    status = "inactive" if consent.void_reason else "active" if consent.signed_at else "proposed"
    period = trimmed(
        {
            "start": consent.signed_at and time(consent.signed_at),
            "end": consent.voided_at and time(consent.voided_at),
        }
    )
    about = extension(
        "consent",
        option=consent.option,
        not_before=time(consent.not_before),
        signature_kind=consent.signature_kind or "",
        void_reason=consent.void_reason or "",
    )
    return trimmed(
        {
            "resourceType": "Consent",
            "id": consent.id,
            "extension": [about],
            "identifier": [identifier("plan-sha256", consent.plan_sha256)],
            "status": status,
            "scope": coded(known("treatment")),
            "category": [coded(known(CONSENT_DOCUMENT))],
            "patient": reference(patient_id),
            "dateTime": time(consent.explained_at),
            "policyRule": {"text": words("treatment-policy")},
            "sourceReference": consent.document and reference(_document_id(consent)),
            "provision": trimmed(
                {
                    "period": period,
                    "data": [{"meaning": "related", "reference": reference(consent.plan_id)}],
                }
            ),
        }
    )


def signed_document(consent: Consent, patient_id: str) -> Resource:
    """Return the document that was signed, by its hash alone."""
    assert consent.document is not None
    assert consent.signed_at is not None
    return {
        "resourceType": "DocumentReference",
        "id": _document_id(consent),
        "masterIdentifier": identifier("sha256", consent.document),
        "status": "superseded" if consent.void_reason else "current",
        "type": coded(known(CONSENT_DOCUMENT)),
        "subject": reference(patient_id),
        "date": time(consent.signed_at),
        "description": words("not-enclosed"),
        "content": [{"attachment": attachment(None, "application/pdf", creation=time(consent.signed_at))}],
    }


def consent_of(resource: Resource, document: Resource | None) -> Consent:
    """Return the consent of a resource and its document."""
    about, provision = extended(resource, "consent"), resource["provision"]
    period = provision.get("period", {})
    return Consent(
        id=resource["id"],
        plan_id=referred(provision["data"][0]["reference"]),
        option=about["option"],
        plan_sha256=identified(resource, "plan-sha256"),
        explained_at=time_of(resource["dateTime"]),
        explained_by="",
        not_before=time_of(about["not_before"]),
        told=(),
        answers=None,
        signature_kind=about.get("signature_kind"),
        signature=None,
        document=None if document is None else identified(document, "sha256", "masterIdentifier"),
        signed_at=time_of(period["start"]) if "start" in period else None,
        signed_by=None,
        void_reason=about.get("void_reason"),
        voided_at=time_of(period["end"]) if "end" in period else None,
    )


def _document_id(consent: Consent) -> str:
    return part_id(consent.id, "document")
