"""Made-up dossiers: a small one of everything, and any that could be kept."""

import datetime
import io
import json
from collections.abc import Iterator, Sequence

from hypothesis import strategies as st
from PIL import Image
from report_samples import sample_plan

from skinbeam.text import LANGUAGES
from skinbeam_clinic.appointments.models import Appointment, AppointmentState, Purpose
from skinbeam_clinic.clinic_texts.models import ClinicText, TextUse
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.diaries.models import DiaryEntry, DiaryNote
from skinbeam_clinic.documents.attachment_content import ENDINGS
from skinbeam_clinic.documents.models import Attachment, AttachmentKind, ClinicalNote, DocumentStrike
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    BeforeAfterPair,
    ClinicianGrade,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
    PatientReport,
    ScaleReading,
    SelfRating,
)
from skinbeam_clinic.models import (
    Consent,
    ConsentAnswers,
    ConsultationContents,
    ConsultationRecord,
    Dossier,
    PatientRecord,
    PhotographPermissions,
    PhotographRecord,
    PlanChoice,
    PlanContents,
    PlanRecord,
    TeachBack,
)
from skinbeam_clinic.pulse_settings import OrderedSettings, PulseSettings, SpotSettings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring, SpotReading, SpotStrike, TestSpotRecord
from skinbeam_clinic.treatments.models import (
    ADVERSE_KINDS,
    AdverseEvent,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    BodySide,
    ChecklistAnswer,
    ChecklistDecision,
    Deviation,
    TreatedArea,
    Treatment,
    TreatmentNote,
    TreatmentOrder,
    TreatmentState,
)
from skinbeam_clinic.used_cooling import CoolingChange, CoolingKind, UsedCooling


def _short_plan() -> bytes:
    """The plan of the samples with two options of two concerns."""
    plan = sample_plan()
    plan["concerns"] = [one | {"options": one["options"][:2]} for one in plan["concerns"][:2]]
    return json.dumps(plan | {"course": [], "aftercare": []}).encode()


class Content(bytes):
    """A content that a failing example does not print."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


PLAN = Content(_short_plan())
OPTIONS = ("0.0", "0.1", "1.0", "1.1")
OWNER = "Zoë Harbour"  # what a camera may write beside a picture


def picture(kind: str = "JPEG", *, orientation: int = 1, mode: str = "RGB", **options: object) -> bytes:
    """A photograph with what a camera writes beside it."""
    ramp = Image.linear_gradient("L").resize((96, 64))
    image = Image.merge("RGB", (ramp, ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT), ramp.point(lambda x: x // 2)))
    exif = Image.Exif()
    exif[0x0112], exif[0xA430], exif[0x8825] = orientation, OWNER, {1: "N", 2: (47.0, 22.0, 8.0)}
    written = io.BytesIO()
    if kind == "JPEG":
        options |= {"comment": OWNER.encode()}
    image.convert(mode).save(written, kind, exif=exif, **options)
    return Content(written.getvalue())


JPEGS = (picture(), picture(orientation=6), picture(mode="L"), picture(progressive=True))

AT = datetime.datetime(2026, 11, 22, 9, 30, tzinfo=datetime.UTC)
PATIENT = PatientRecord("1a" * 16, "Heron ÅΩ", 1984, AT, None)
CONSULTATION = ConsultationRecord("2b" * 16, PATIENT.id, "draft", 1, {}, AT, AT, "Ann")
PHOTOGRAPH = PhotographRecord("3c" * 16, CONSULTATION.id, "kept", "image/jpeg", PhotographPermissions(), AT, "Ann")

ids = st.binary(min_size=16, max_size=16).map(bytes.hex)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
times = st.datetimes(
    datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1), timezones=st.just(datetime.UTC), allow_imaginary=False
).map(lambda at: at.replace(fold=0))
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
phototypes = st.sampled_from(["", "II", "V-VI", "seven"])
angles = st.sampled_from(["", "34", "-12,5", "41.25", "none"])


@st.composite
def dossiers(draw: st.DrawFn) -> Dossier:
    """Any dossier that could be kept."""
    names = draw(st.lists(ids, min_size=120, max_size=120, unique=True))
    fresh = iter(names)
    patient = PatientRecord(
        id=next(fresh),
        pseudonym=draw(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)),
        year_of_birth=draw(st.none() | st.integers(1896, 2026)),
        created_at=draw(times),
        erased_at=None,
    )
    consultations = []
    for _ in range(draw(st.integers(0, 2))):
        id = next(fresh)
        photographs = tuple(
            (
                PhotographRecord(
                    next(fresh),
                    id,
                    "kept",
                    "image/jpeg",
                    PhotographPermissions(*draw(st.tuples(*[st.booleans()] * 3))),
                    draw(times),
                    "Ann",
                ),
                content,
            )
            for content in draw(st.lists(st.sampled_from(JPEGS), max_size=2))
        )
        plans = tuple(
            draw(stored_plans(next(fresh), id, [next(fresh) for _ in range(2)])) for _ in range(draw(st.integers(0, 2)))
        )
        consents = tuple(
            (draw(stored_consents(next(fresh), contents.plan)), b"%PDF " + OWNER.encode()) for contents in plans
        )
        consents = tuple((one, document if one.signed_at else None) for one, document in consents)
        asked = {"patient.phototype": draw(phototypes), "patient.ita_deg": draw(angles)}
        entries = [
            *asked.items(),
            *((f"concern.{n}.site", text) for n, text in enumerate(draw(st.lists(texts, max_size=3)))),
        ]
        entries += [("patient.history", text) for text in draw(st.lists(texts, max_size=2))]
        photograph = draw(st.sampled_from([one.id for one, _ in photographs] + ["", "0" * 32]))
        answers = Submission(tuple(entries), photograph)
        state = draw(st.sampled_from(["draft", "planned", "agreed", "closed"]))
        one = ConsultationRecord(
            id, patient.id, state, draw(st.integers(1, 99)), answers, draw(times), draw(times), "Ann"
        )
        treatments = tuple(draw(stored_treatments(fresh, id, consent)) for consent, _ in consents if consent.signed_at)
        follow_ups = tuple(draw(stored_follow_ups(fresh, one, photographs)) for one in treatments)
        spots = tuple(draw(stored_spots(fresh, id, contents.plan, photographs)) for contents in plans)
        diary = tuple(draw(stored_entries(fresh, treatment, photographs)) for treatment in treatments)
        course = (treatments, follow_ups, spots, diary)
        consultations.append(ConsultationContents(one, photographs, plans, consents, *course))
    appointments = draw(st.lists(stored_appointments(fresh, patient, consultations), max_size=2))
    about = [None, *(one.consultation.id for one in consultations)]
    notes = draw(st.lists(stored_notes(fresh, patient.id, about), max_size=2))
    attachments = draw(st.lists(stored_attachments(fresh, patient.id), max_size=2))
    return Dossier(
        patient,
        tuple(consultations),
        tuple(appointments),
        tuple(notes),
        tuple((one, None) for one in attachments),
    )


strikes = st.none() | times.map(lambda at: DocumentStrike(f"of {OWNER}", at, OWNER))


@st.composite
def stored_notes(draw: st.DrawFn, fresh: Iterator[str], patient_id: str, about: list[str | None]) -> ClinicalNote:
    """Any note, which names the owner of a secret name."""
    consultation, at, struck = draw(st.sampled_from(about)), draw(times), draw(strikes)
    treatment = None if consultation is None else draw(st.none() | ids)
    return ClinicalNote(next(fresh), patient_id, consultation, treatment, f"asks {OWNER}", at, OWNER, struck)


@st.composite
def stored_attachments(draw: st.DrawFn, fresh: Iterator[str], patient_id: str) -> Attachment:
    """Any attachment, which names the owner of a secret name."""
    kind, size = draw(st.sampled_from(AttachmentKind)), draw(st.integers(1, 30_000_000))
    media_type = draw(st.sampled_from(sorted(ENDINGS)))
    return Attachment(
        *(next(fresh), patient_id, kind, media_type, size),
        *(f"{OWNER}.pdf", f"of {OWNER}", draw(times), OWNER, draw(strikes)),
    )


WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scores = st.integers(0, 10)
COOLINGS = st.none() | st.builds(
    UsedCooling,
    kind=st.sampled_from(CoolingKind),
    temperature_C=st.none() | st.just(-26.5),
    before_ms=st.none() | st.just(40.0),
    delay_ms=st.none() | st.just(30.0),
)
_LIGHT, _MICROBEAM = PulseSettings(fluence_J_cm2=9.5, spot_mm=7.0), PulseSettings(energy_mJ=20.0)


@st.composite
def stored_treatments(draw: st.DrawFn, fresh: Iterator[str], consultation_id: str, consent: Consent) -> Treatment:
    """Any treatment; who did something is the owner of a secret name."""
    id = next(fresh)
    areas = []
    for _ in range(draw(st.integers(0, 2))):
        fired = AreaFiring(
            site=draw(st.sampled_from(["cheeks", "nose"])),
            side=draw(st.sampled_from(BodySide)),
            settings=draw(st.sampled_from([_LIGHT, _MICROBEAM])),
            passes=draw(st.none() | st.integers(1, 4)),
            endpoint=draw(st.sampled_from(["seek", "stop.1", "none", "other"])),
            endpoint_words=draw(WORD),
            pain_0_10=draw(st.none() | st.integers(0, 10).map(float)),
            words=draw(WORD),
            reason=draw(WORD),
            corrects=areas[-1].id if areas and draw(st.booleans()) else None,
            cooling=draw(COOLINGS),
        )
        found = (Deviation("fluence_J_cm2", 8.0, 9.5, True),) if draw(st.booleans()) else ()
        change = None if fired.cooling is None else draw(st.none() | st.sampled_from(CoolingChange))
        areas.append(TreatedArea(next(fresh), fired, found, draw(times), OWNER, change))
    events = tuple(
        AdverseEvent(
            id=next(fresh),
            treatment_id=id,
            consultation_id=consultation_id,
            source=draw(st.sampled_from(AdverseEventSource)),
            kind=draw(st.sampled_from(tuple(ADVERSE_KINDS))),
            grade=draw(st.sampled_from(AdverseEventGrade)),
            site=draw(st.sampled_from(["", "nose"])),
            words=draw(WORD),
            seen_at=draw(times),
            noted_at=draw(times),
            noted_by=OWNER,
            resolved_at=draw(st.none() | times),
            resolved=draw(WORD),
        )
        for _ in range(draw(st.integers(0, 2)))
    )
    begun, ended = draw(st.none() | times), draw(st.none() | times)
    device = draw(st.none() | st.just("pulsed-dye-595"))
    decision = draw(st.none() | st.builds(ChecklistDecision, WORD, times, st.just(OWNER)))
    return Treatment(
        id=id,
        consultation_id=consultation_id,
        plan_id=consent.plan_id,
        option=consent.option,
        consent_id=consent.id,
        appointment_id=None,
        machine_id=None if device is None else "9f" * 16,
        device=device,
        serial=None if device is None else "SYN-1",
        number=draw(st.integers(1, 9)),
        state=draw(st.sampled_from(TreatmentState)),
        ordered=TreatmentOrder(
            "redness",
            "cheeks",
            "pulsed-dye-595",
            OrderedSettings(fluence_J_cm2=8.0, passes=2.0),
            emitted=PulseSettings(spot_mm=12.0),
            asked=("tan",),
        ),
        answers=(ChecklistAnswer("eyewear", "yes", draw(WORD), draw(times), OWNER, decision),),
        areas=tuple(areas),
        events=events,
        notes=(TreatmentNote(draw(WORD), draw(times), OWNER),) if draw(st.booleans()) else (),
        created_at=draw(times),
        created_by=OWNER,
        started_at=begun,
        started_by=begun and OWNER,
        ended_at=ended,
        ended_by=ended and OWNER,
    )


@st.composite
def stored_entries(
    draw: st.DrawFn, fresh: Iterator[str], treatment: Treatment, photographs: Sequence[tuple[PhotographRecord, bytes]]
) -> DiaryEntry:
    """Any entry of a diary."""
    signs = draw(st.sampled_from([(), ("fever",), ("fever", "pus")]))
    shown = st.sampled_from([None, "0" * 32, *(photograph.id for photograph, _ in photographs)])
    read = draw(st.none() | times)
    note = DiaryNote(draw(scores), draw(st.sampled_from(["none", "strong"])), signs, draw(WORD))
    day = draw(st.integers(0, 60))
    return DiaryEntry(next(fresh), treatment.id, day, note, draw(shown), draw(times), read, read and OWNER)


@st.composite
def stored_spots(
    draw: st.DrawFn,
    fresh: Iterator[str],
    consultation_id: str,
    plan: PlanRecord,
    photographs: Sequence[tuple[PhotographRecord, bytes]],
) -> TestSpotRecord:
    """Any test spot of a plan."""
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=7.5, spot_mm=7.0)
    planned = draw(st.sampled_from([PulseSettings(), PulseSettings(fluence_J_cm2=8.0)]))
    shown = st.sampled_from([None, "0" * 32, *(photograph.id for photograph, _ in photographs)])
    reading = st.builds(SpotReading, st.sampled_from(["purpura", "crust"]), times, st.just(OWNER), WORD, shown)
    return TestSpotRecord(
        id=next(fresh),
        consultation_id=consultation_id,
        firing=SpotFiring(plan.id, settings, 48.0, ORAL_CONSENT, planned, draw(WORD), cooling=draw(COOLINGS)),
        fired_at=draw(times),
        fired_by=OWNER,
        readings=tuple(draw(st.lists(reading, max_size=2))),
        struck=draw(st.none() | st.builds(SpotStrike, WORD, times, st.just(OWNER))),
    )


@st.composite
def stored_follow_ups(
    draw: st.DrawFn, fresh: Iterator[str], treatment: Treatment, photographs: Sequence[tuple[PhotographRecord, bytes]]
) -> FollowUp:
    """Any follow-up of a treatment."""
    felt = st.builds(SelfRating, scores, scores, st.booleans())
    reports = st.builds(
        PatientReport,
        now=felt,
        before=st.none() | felt,
        quarter=st.none() | st.sampled_from(ImprovementQuarter),
        change=st.none() | st.sampled_from(AestheticChange),
        satisfied_1_5=st.none() | st.integers(1, 5),
        words=WORD,
        alone=st.booleans(),
        said_at=times,
        noted_by=st.just(OWNER),
        days_away=st.none() | st.integers(0, 365),
    )
    grade = st.builds(
        ClinicianGrade,
        quarter=st.sampled_from(ImprovementQuarter),
        change=st.sampled_from(AestheticChange),
        readings=st.sampled_from([(), (ScaleReading("vss", 6.0, 2.5), ScaleReading("vss", None, 3.0))]),
        notes=WORD,
        hidden=st.booleans(),
        unseen=st.booleans(),
        treated=st.booleans(),
        graded_at=times,
        rater=st.just(OWNER),
        rater_id=st.sampled_from(["5a" * 16, "6b" * 16]),
        measured=st.booleans(),
    )
    pair = (BeforeAfterPair(next(fresh), photographs[0][0].id, photographs[-1][0].id),) if photographs else ()
    return FollowUp(
        id=next(fresh),
        consultation_id=treatment.consultation_id,
        treatment_id=treatment.id,
        plan_id=treatment.plan_id,
        option=treatment.option,
        treated_at=draw(st.none() | times),
        moment=draw(st.sampled_from(FollowUpMoment)),
        months_after=draw(st.sampled_from([0.0, 1.5, 6.0])),
        seen_at=draw(times),
        noted_by=OWNER,
        said=draw(st.none() | reports),
        grades=tuple(draw(st.lists(grade, max_size=2))),
        pairs=pair,
        opened_by=(OWNER,),
        paired_by=(OWNER,),
    )


@st.composite
def stored_appointments(
    draw: st.DrawFn, fresh: Iterator[str], patient: PatientRecord, consultations: Sequence[ConsultationContents]
) -> Appointment:
    """Any appointment of a patient."""
    starts = draw(times)
    return Appointment(
        id=next(fresh),
        patient_id=patient.id,
        pseudonym=OWNER,
        consultation_id=consultations[0].consultation.id if consultations and draw(st.booleans()) else None,
        member_id="7a" * 16,
        member=OWNER,
        machine_id=None,
        machine=OWNER,
        room=OWNER,
        purpose=draw(st.sampled_from(Purpose)),
        starts_at=starts,
        ends_at=starts + datetime.timedelta(minutes=30),
        state=draw(st.sampled_from(AppointmentState)),
        revision=draw(st.integers(1, 9)),
        created_at=draw(times),
        created_by=OWNER,
        treatment_id=None,
    )


@st.composite
def stored_plans(draw: st.DrawFn, id: str, consultation_id: str, names: list[str]) -> PlanContents:
    files = {"plan.json": PLAN, "report.pdf": draw(st.binary(max_size=30)), "report.html": b"<html>"}
    plan = PlanRecord(
        id=id,
        consultation_id=consultation_id,
        consultation_revision=draw(st.integers(1, 99)),
        case_sha256=draw(hashes),
        plan_sha256=draw(hashes),
        version="0.2.0",
        seed=draw(st.integers(0, 2**63)),
        draws=draw(st.integers(1, 100_000)),
        files=dict.fromkeys(files, "kept"),
        made_at=draw(times),
        made_by="Ann",
    )
    chosen = [PlanChoice(name, id, draw(st.sampled_from(OPTIONS)), draw(texts), draw(times), "Ann") for name in names]
    return PlanContents(plan, files, tuple(chosen[: draw(st.integers(0, 2))]))


@st.composite
def stored_consents(draw: st.DrawFn, id: str, plan: PlanRecord) -> Consent:
    signed = draw(st.none() | times)
    void = draw(st.sampled_from([None, "new-plan", "withdrawn"]))
    explained = draw(times)
    return Consent(
        id=id,
        plan_id=plan.id,
        option=draw(st.sampled_from(OPTIONS)),
        plan_sha256=plan.plan_sha256,
        explained_at=explained,
        explained_by="Ann",
        not_before=explained + datetime.timedelta(days=14),
        told=() if signed is None else (TeachBack({"harms": OWNER}, (), explained, "Ann"),),
        answers=None if signed is None else ConsentAnswers(person=OWNER),
        signature_kind=None if signed is None else "typed",
        signature=None if signed is None else OWNER.encode(),
        document=None if signed is None else "kept",
        signed_at=signed,
        signed_by=None if signed is None else "Ann",
        void_reason=void,
        voided_at=None if void is None else draw(times),
        language=draw(st.sampled_from(sorted(LANGUAGES))),
        texts=tuple(draw(clinic_texts(f"{id}-{number}")) for number in range(draw(st.integers(0, 2)))),
    )


@st.composite
def clinic_texts(draw: st.DrawFn, id: str) -> ClinicText:
    language, number = draw(st.sampled_from(sorted(LANGUAGES))), draw(st.integers(1, 9))
    return ClinicText(
        id, id, TextUse.CONSENT, "", language, number, draw(texts), draw(texts), False, draw(times), "Ann"
    )
