"""What of a dossier is handed on: nothing that names a person of the clinic, and no more of the patient than was asked.

Every document is made of what this leaves, so what is taken out here stands in none.
"""

from dataclasses import dataclass, replace
from typing import Any

from skinbeam.document import sha256_of
from skinbeam.exchange.nameless import nameless, plain_text
from skinbeam.exchange.pictures import bare
from skinbeam.records.diary import DiaryEntry
from skinbeam.records.faults import fault
from skinbeam.records.followed import FollowUp
from skinbeam.records.kept import Consent, Consultation, Dossier, KeptConsultation, KeptPlan, Photograph
from skinbeam.records.spots import TestSpot

__all__ = ["Handed", "handed_on"]

_FILES = (".json", ".pdf")
_ANSWERS = frozenset({"entries", "photograph"})


@dataclass(frozen=True)
class Handed:
    """What is handed on of a dossier; `unread` are the names of photographs that cannot be read and were left out."""

    dossier: Dossier
    unread: tuple[str, ...]


def handed_on(dossier: Dossier) -> Handed:
    """Return what is handed on of a dossier.

    Names of members, who signed and the signature are taken out; so are the documents that carry a name, of which the
    hash stays. Files are named by their SHA-256, and photographs hold the picture alone.

    Raises
    ------
    InputError : `bad-answers`: answers that no form of this version has made.
    """
    unread: list[str] = []
    consultations = tuple(_consultation(one, unread) for one in dossier.consultations)
    shown = {photograph.id for one in consultations for photograph, _ in one.photographs}
    followed = (replace(one, follow_ups=_followed(one, shown)) for one in consultations)
    appointments = tuple(map(nameless, dossier.appointments))
    return Handed(Dossier(dossier.patient, tuple(followed), appointments), tuple(unread))


def _consultation(one: KeptConsultation, unread: list[str]) -> KeptConsultation:
    photographs = []
    for photograph, content in one.photographs:
        picture = bare(content, photograph.media_type)
        if picture is None:
            unread.append(photograph.id)
        else:
            photographs.append((_photograph(photograph, *picture), picture[0]))
    there = {photograph.id for photograph, _ in photographs}
    return KeptConsultation(
        _answered(one.consultation, there),
        tuple(photographs),
        tuple(map(_plan, one.plans)),
        tuple((_consent(consent, document), None) for consent, document in one.consents),
        tuple(map(nameless, one.treatments)),
        one.follow_ups,
        tuple(nameless(_spot(spot, there)) for spot in one.test_spots),
        tuple(nameless(_entry(entry, there)) for entry in one.diary),
    )


def _entry(entry: DiaryEntry, shown: set[str]) -> DiaryEntry:
    """An entry of a diary that names no photograph which is not handed on."""
    return entry if entry.photograph_id in shown else replace(entry, photograph_id=None)


def _spot(spot: TestSpot, shown: set[str]) -> TestSpot:
    """A test spot whose readings name no photograph that is not handed on."""
    readings = (
        reading if reading.photograph_id in shown else replace(reading, photograph_id=None) for reading in spot.readings
    )
    return replace(spot, readings=tuple(readings))


def _followed(one: KeptConsultation, shown: set[str]) -> tuple[FollowUp, ...]:
    """Follow-ups with the pairs of which both photographs are handed on; raters are told apart by number."""
    handed = []
    for follow_up in one.follow_ups:
        raters = list(dict.fromkeys(grade.rater_id for grade in follow_up.grades))
        grades = tuple(replace(grade, rater_id=str(raters.index(grade.rater_id) + 1)) for grade in follow_up.grades)
        pairs = tuple(pair for pair in follow_up.pairs if {pair.before_id, pair.after_id} <= shown)
        handed.append(nameless(replace(follow_up, grades=grades, pairs=pairs)))
    return tuple(handed)


def _answered(one: Consultation, photographs: set[str]) -> Consultation:
    """Answers with those to one question beside each other, and their photograph if it is handed on."""
    if set(one.answers) - _ANSWERS:
        raise fault("bad-answers", f"consultation/{one.id}")
    grouped: dict[str, list[Any]] = {}
    for name, value in one.answers.get("entries", ()):
        if text := plain_text(value):
            grouped.setdefault(name, []).append(text)
    photograph = one.answers.get("photograph", "")
    answers = {
        "entries": [[name, value] for name, values in grouped.items() for value in values],
        "photograph": photograph if photograph in photographs else "",
    }
    return replace(one, answers=answers, saved_by="")


def _photograph(photograph: Photograph, content: bytes, media_type: str) -> Photograph:
    return replace(photograph, file=sha256_of(content), media_type=media_type, added_by="")


def _plan(kept: KeptPlan) -> KeptPlan:
    files = {name: content for name, content in kept.files.items() if name.endswith(_FILES)}
    return KeptPlan(
        replace(kept.plan, files={name: sha256_of(content) for name, content in files.items()}, made_by=""),
        files,
        tuple(replace(choice, notes=plain_text(choice.notes), made_by="") for choice in kept.choices),
    )


def _consent(consent: Consent, document: bytes | None) -> Consent:
    return replace(
        consent,
        explained_by="",
        signed_by=None,
        told=(),
        answers=None,
        signature=None,
        document=None if document is None else sha256_of(document),
    )
