"""Made-up dossiers: a small one of everything, and any that could be kept."""

import datetime
import io
import json

from hypothesis import strategies as st
from PIL import Image
from report_samples import sample_plan

from skinbeam.records.kept import (
    Choice,
    Consent,
    Consultation,
    Dossier,
    KeptConsultation,
    KeptPlan,
    Patient,
    Permissions,
    Photograph,
    Plan,
    TellBack,
)


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
PATIENT = Patient("1a" * 16, "Heron ÅΩ", 1984, AT, None)
CONSULTATION = Consultation("2b" * 16, PATIENT.id, "draft", 1, {}, AT, AT, "Ann")
PHOTOGRAPH = Photograph("3c" * 16, CONSULTATION.id, "kept", "image/jpeg", Permissions(), AT, "Ann")

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
    names = draw(st.lists(ids, min_size=60, max_size=60, unique=True))
    fresh = iter(names)
    patient = Patient(
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
                Photograph(
                    next(fresh),
                    id,
                    "kept",
                    "image/jpeg",
                    Permissions(*draw(st.tuples(*[st.booleans()] * 3))),
                    draw(times),
                    "Ann",
                ),
                content,
            )
            for content in draw(st.lists(st.sampled_from(JPEGS), max_size=2))
        )
        plans = tuple(
            draw(kept_plans(next(fresh), id, [next(fresh) for _ in range(2)])) for _ in range(draw(st.integers(0, 2)))
        )
        consents = tuple((draw(kept_consents(next(fresh), kept.plan)), b"%PDF " + OWNER.encode()) for kept in plans)
        consents = tuple((one, document if one.signed_at else None) for one, document in consents)
        asked = {"patient.phototype": draw(phototypes), "patient.ita_deg": draw(angles)}
        entries = [
            *asked.items(),
            *((f"concern.{n}.site", text) for n, text in enumerate(draw(st.lists(texts, max_size=3)))),
        ]
        entries += [("patient.history", text) for text in draw(st.lists(texts, max_size=2))]
        answers = {
            "entries": [list(entry) for entry in entries],
            "photograph": draw(st.sampled_from([one.id for one, _ in photographs] + ["", "0" * 32])),
        }
        state = draw(st.sampled_from(["draft", "planned", "agreed", "closed"]))
        one = Consultation(id, patient.id, state, draw(st.integers(1, 99)), answers, draw(times), draw(times), "Ann")
        consultations.append(KeptConsultation(one, photographs, plans, consents))
    return Dossier(patient, tuple(consultations))


@st.composite
def kept_plans(draw: st.DrawFn, id: str, consultation_id: str, names: list[str]) -> KeptPlan:
    files = {"plan.json": PLAN, "report.pdf": draw(st.binary(max_size=30)), "report.html": b"<html>"}
    plan = Plan(
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
    chosen = [Choice(name, id, draw(st.sampled_from(OPTIONS)), draw(texts), draw(times), "Ann") for name in names]
    return KeptPlan(plan, files, tuple(chosen[: draw(st.integers(0, 2))]))


@st.composite
def kept_consents(draw: st.DrawFn, id: str, plan: Plan) -> Consent:
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
        told=() if signed is None else (TellBack({"harms": OWNER}, (), explained, "Ann"),),
        answers=None if signed is None else {"person": OWNER},
        signature_kind=None if signed is None else "typed",
        signature=None if signed is None else OWNER.encode(),
        document=None if signed is None else "kept",
        signed_at=signed,
        signed_by=None if signed is None else "Ann",
        void_reason=void,
        voided_at=None if void is None else draw(times),
    )
