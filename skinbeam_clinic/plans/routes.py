"""Routes of plans: the options side by side, the choice with its reasons, files, previews and leaflets."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fastapi.responses import Response

from skinbeam._version import __version__
from skinbeam.api.preview import DOCUMENT_FILE, Preview, make_preview_page
from skinbeam.model.document import sha256_hex
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import DecodedPhotograph, decode_photograph
from skinbeam.photo.mark_selection import select_marks
from skinbeam.plan.data_release import data_release
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.plan_records.plan import Plan as Records
from skinbeam.preview.sheet import BAND_HEIGHT
from skinbeam.preview.study_names import name_studies
from skinbeam.preview.undrawn_harms import read_undrawn_harm, undrawn_harm_messages, unknown_harm_reasons
from skinbeam.report.context import OptionGlance
from skinbeam.report.formatting import concern_name, concern_names
from skinbeam.report.overview import option_glance
from skinbeam.text import LANGUAGES, current_language, render_message, translate, translate_record, use_language
from skinbeam.what_if.chosen_setting import read_clinician_message
from skinbeam_clinic.consultations.face_points import PHOTOGRAPH_LOCK, read_points
from skinbeam_clinic.consultations.photograph_marks import confirmed_places
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.models import ConsultationRecord, PlanChoice, PlanRecord
from skinbeam_clinic.patients.record_lines import describe_contraindications, describe_incomplete_row
from skinbeam_clinic.plans.contraindications import (
    Contraindication,
    RecordsSincePlan,
    find_contraindications,
    read_records_since,
)
from skinbeam_clinic.plans.document import find_option, parse_plan, put_chosen_first
from skinbeam_clinic.plans.minute_cache import MinuteCache
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.plan_subprocess import PHOTOGRAPH_FILE, preview_name
from skinbeam_clinic.plans.setting_quantities import QuantitySlider, is_simulated, option_sliders
from skinbeam_clinic.plans.shared_patterns import PatternLine, pattern_lines
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter
from skinbeam_clinic.web.security import REPORT_POLICY

__all__ = ["OpenPlan", "add_plan_routes", "describe_outdated", "open_plan", "plan_file_response"]

_ANALYSES = MinuteCache[tuple[str, tuple[float, ...] | None], PhotoAnalysis](8)  # of some 4 MB each
_MEDIA_TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
}


@dataclass(frozen=True)
class OpenPlan:
    """A stored plan with its parsed document and the patient's records.

    Parameters
    ----------
    outdated : its answers have changed, or a later plan replaces it.
    records_since : the patient's records, and those that the plan was made from.
    is_replaced : the record of its patient is closed, since another one of the same person is kept.
    """

    record: PlanRecord
    plan: Records
    outdated: bool
    consultation: ConsultationRecord
    records_since: RecordsSincePlan
    is_replaced: bool

    @cached_property
    def contraindications(self) -> tuple[Contraindication, ...]:
        """The contraindications recorded since the plan; with any, it cannot be signed any more."""
        return find_contraindications(self.records_since, self.plan)

    @property
    def closed(self) -> bool:
        """Whether its consultation is closed, or the record of its patient."""
        return self.consultation.state == ConsultationState.CLOSED or self.is_replaced

    def find_option(self, place: str) -> tuple[ConcernPlan, Option]:
        """Return the option at a position with its concern; `0.1` is the second option of the first concern.

        Raises
        ------
        RecordNotFoundError : the plan has no such option.
        """
        return find_option(self.plan, place)


@dataclass(frozen=True)
class _OptionView:
    """An option as one line of the page; `uses_laser`: it uses a device.

    `sliders`: of the quantities of a simulated option that can be changed, to ask about other settings.
    `clinician_setting`: what the plan proposes, where a clinician chose another setting; otherwise empty.
    """

    place: str
    glance: OptionGlance
    uses_laser: bool
    sliders: tuple[QuantitySlider, ...]
    clinician_setting: str


@dataclass(frozen=True)
class _ConcernView:
    """The options of a concern, and the last choice.

    `examination`: why no treatment is compared before the lesion was examined, as report and leaflet say; may be empty.
    `patterns`: what is fired in the visits of its first laser that it shares with another concern.
    """

    title: str
    examination: str
    rows: tuple[_OptionView, ...]
    choice: PlanChoice | None
    patterns: tuple[PatternLine, ...]


@dataclass(frozen=True)
class _PreviewPair:
    """The photograph and a preview picture, as two files of the plan; `heading`: with how many see more or less."""

    before: str
    after: str
    label: str
    heading: str


@dataclass(frozen=True)
class _PreviewView:
    """The preview pictures on the page of a plan: pairs, the whole strip, and the assumptions behind them.

    Parameters
    ----------
    strip : empty where it would hold the photograph alone.
    shows_choice : whether they show the options that were chosen; otherwise none of them is shown.
    band : height of the caption below each picture, as a share of its width.
    """

    pairs: tuple[_PreviewPair, ...]
    strip: str
    captions: tuple[str, ...]
    shows_choice: bool = True
    band: float = BAND_HEIGHT


def add_plan_routes(router: ClinicRouter) -> None:
    """Open the routes of plans."""
    router.add("GET", "/plans/{plan}", _show_plan, only_reads=True)
    router.add("GET", "/plans/{plan}/files/{name}", plan_file_response)
    router.add("GET", "/plans/{plan}/leaflet/{language}", _download_leaflet)
    router.add("POST", "/plans/{plan}/choice", _choose_option)


def open_plan(repositories: ClinicRepositories, id: str) -> OpenPlan:
    """Return a kept plan.

    Raises
    ------
    RecordNotFoundError : this clinic has no such record.
    """
    with repositories.reading_one_moment():
        record = repositories.plans.get(id)
        records = parse_plan(repositories.plans.read_file(id, "plan.json"))
        last = repositories.plans.of(record.consultation_id)[-1]
        now = repositories.consultations.get(record.consultation_id)
        outdated = last.id != record.id or now.revision != record.consultation_revision
        replaced = repositories.patient_links.read_person(now.patient_id).is_replaced
        return OpenPlan(record, records, outdated, now, read_records_since(repositories, record, now), replaced)


def describe_outdated(plan: OpenPlan) -> str:
    """Return why settings can no longer be simulated as the plan was; empty where they can.

    An answer that leaves out a change of the answers, a reaction that was recorded, or a number of the model that has
    moved would stand beside a plan that it cannot be compared with.
    """
    if plan.outdated:
        return render_message("clinic.plan-outdated")
    if plan.contraindications:
        return render_message("clinic-what-if.records-since")
    if (plan.record.version, plan.plan.data_release) != (__version__, data_release()):
        return render_message("clinic-what-if.other-version")
    return ""


def _show_plan(request: ClinicRequest) -> Response:
    repositories, plan = request.repositories, open_plan(request.repositories, request.path_parameter("plan"))
    choices, records = repositories.plans.list_choices(plan.record.id), translate_record(plan.plan)
    return request.page(
        "plan.html",
        page_id=secrets.token_hex(8),
        plan=plan.record,
        outdated=plan.outdated,
        stops=describe_contraindications(plan.records_since.devices, plan.contraindications, records),
        incomplete=tuple(map(describe_incomplete_row, plan.records_since.incomplete_rows)),
        closed=plan.closed,
        outdated_for_settings=describe_outdated(plan),
        decision=records.suitability.decision,
        decisive_reasons=_decisive_reasons(records),
        concerns=_view_concerns(plan.records_since.devices, plan.record, records, choices),
        consents=tuple(
            consent
            for consent in repositories.consents.of(plan.record.consultation_id)
            if consent.plan_id == plan.record.id
        ),
        patient=repositories.patients.get(plan.consultation.patient_id),
        named={plan.consultation.patient_id},
        preview=_view_preview(repositories, plan, choices),
    )


def _decisive_reasons(plan: Records) -> tuple[str, ...]:
    """Return why a plan refers a person or refuses laser, and for which of several concerns; else nothing."""
    decision = plan.suitability.decision
    if decision not in ("refer", "not-suitable"):
        return ()
    names = concern_names(plan) if len(plan.concerns) > 1 else {}
    reasons = (
        f"{names[reason.about]}: {reason.message.text}" if reason.about in names else reason.message.text
        for reason in plan.suitability.reasons
        if reason.decision == decision
    )
    return tuple(dict.fromkeys(reasons))


def _view_preview(
    repositories: ClinicRepositories, open_plan: OpenPlan, choices: tuple[PlanChoice, ...]
) -> _PreviewView | None:
    """The pictures that were made with a plan; None where its photograph was of no use, or none was there.

    They show the first laser of each concern: where another option was chosen, the leaflet draws that one.
    """
    plan = open_plan.record
    if DOCUMENT_FILE not in plan.files:
        return None
    chosen = put_chosen_first(open_plan.plan, choices)
    if any(
        mine.first_laser != other.first_laser
        for mine, other in zip(chosen.concerns, open_plan.plan.concerns, strict=True)
    ):
        return _PreviewView((), "", (), shows_choice=False)
    document = json.loads(repositories.plans.read_file(plan.id, DOCUMENT_FILE))
    parts = document.get("close_ups", [])
    pairs = [
        _preview_pair(whole["pictures"][0]["file"], picture, whole["title"])
        for whole in parts
        for picture in whole["pictures"][1:]
    ]
    pairs += [
        _preview_pair("before.png", picture)
        for picture in document["pictures"]
        if picture["at"] in ("end", "months", "harm") and isinstance(picture["file"], str)
    ]
    harms = [read_undrawn_harm(harm) for harm in document.get("harms_not_drawn", ())]
    about_pictures = (document["marked"], document["assumption"]) if pairs else ()
    below = map(translate, (*about_pictures, *document["not_drawn"]))
    undrawn = (*undrawn_harm_messages(harms), *unknown_harm_reasons(harms))
    captions = tuple(map(name_studies, (*(message.text for message in undrawn), *below)))  # the page lists no sources
    return _PreviewView(tuple(pairs), preview_name(document["strip"]) if pairs else "", captions)


def _preview_pair(before: str, after: Mapping[str, str], title: str = "") -> _PreviewPair:
    """The photograph in a file and a picture, by its record in the document; `title` of a close-up."""
    label, part, frequency = translate(after["label"]), translate(title), translate(after.get("frequency", ""))
    if part == label:  # a harm, which gives its close-up its own name
        part = render_message("clinic-preview.close-up")
    words = (part, frequency) if frequency.startswith(label) else (part, label, frequency)
    label, heading = (": ".join(filter(None, parts)) for parts in ((part, label), words))
    return _PreviewPair(preview_name(before), preview_name(after["file"]), label, heading)


_OPTION_LINES = MinuteCache[tuple[str, str], tuple[tuple[_OptionView, ...], ...]](64)  # by plan and language


def _view_concerns(
    devices: ClinicDevices, record: PlanRecord, plan: Records, choices: Sequence[PlanChoice]
) -> tuple[_ConcernView, ...]:
    """Return the options of each concern, which do not change, with the choice, which does."""
    key = record.id, current_language()
    lines = _OPTION_LINES.get(key)
    if lines is None:
        lines = tuple(_list_options(devices, number, concern) for number, concern in enumerate(plan.concerns))
        _OPTION_LINES.add(key, lines)
    chosen = {ref.concern: choice for choice in choices if (ref := OptionRef.find(choice.option))}
    return tuple(
        _ConcernView(
            concern_name(concern),
            "" if concern.examination is None else concern.examination.message.text,
            rows if concern.examination is None else (),
            chosen.get(number),
            _first_laser_patterns(plan, choices, number),
        )
        for number, (concern, rows) in enumerate(zip(plan.concerns, lines, strict=True))
    )


def _first_laser_patterns(plan: Records, choices: Sequence[PlanChoice], number: int) -> tuple[PatternLine, ...]:
    """Return the lines on the first laser of a concern, by its number; none without a laser."""
    concern = plan.concerns[number]
    if concern.first_laser is None:
        return ()
    return pattern_lines(plan, choices, str(OptionRef(number, concern.options.index(concern.first_laser[0]))))


def _list_options(devices: ClinicDevices, number: int, concern: ConcernPlan) -> tuple[_OptionView, ...]:
    return tuple(
        _OptionView(
            str(OptionRef(number, i)),
            option_glance(concern, option),
            option.setup is not None,
            _list_sliders(devices, option),
            "" if (message := read_clinician_message(option)) is None else message.text,
        )
        for i, option in enumerate(concern.options)
    )


def _list_sliders(devices: ClinicDevices, option: Option) -> tuple[QuantitySlider, ...]:
    """Return a slider for each quantity that can be asked about; none where the setting of the option cannot."""
    device = None if option.setup is None else devices.find(option.setup.device)
    return () if device is None or not is_simulated(option, device) else option_sliders(option, device)


def _download_leaflet(request: ClinicRequest) -> Response:
    """The leaflet for a patient who reads another language than whoever made the plan."""
    plan, language = open_plan(request.repositories, request.path_parameter("plan")), request.path_parameter("language")
    if language not in LANGUAGES:
        raise clinic_error("absent", "language")
    chosen = put_chosen_first(plan.plan, request.repositories.plans.list_choices(plan.record.id))
    from skinbeam.report.report_files import make_leaflet  # imported late: a server need not draw to start

    with use_language(language):
        preview = _redraw_preview(request.repositories, plan, chosen)
        return request.show_pdf(make_leaflet(chosen, preview), f"leaflet-{language}.pdf")


def _redraw_preview(repositories: ClinicRepositories, plan: OpenPlan, chosen: Records) -> Preview | None:
    """The pictures of a plan in the language that is spoken; None where it has none, or the form was changed since."""
    sent = plan.consultation.answers
    changed = plan.consultation.revision != plan.record.consultation_revision
    if DOCUMENT_FILE not in plan.record.files or changed or not sent.photo:
        return None
    _, content = repositories.photographs.read_content(sent.photo)
    with PHOTOGRAPH_LOCK:
        analysis = _analyse_photograph(content, read_points(sent))
        return make_preview_page(chosen, select_marks(analysis, confirmed_places(sent)))


def _analyse_photograph(content: bytes, points: Sequence[float] | None) -> PhotoAnalysis:
    """Return the analysis of a photograph; of one that was analysed within the last minute, the same one.

    It takes most of the time of a leaflet, of which a clinician often opens another one: in the other language, or
    after another choice.
    """
    key = sha256_hex(content), None if points is None else tuple(points)
    known = _ANALYSES.get(key)
    if known is None:
        known = analyse_photograph(
            DecodedPhotograph(decode_photograph(content, name=PHOTOGRAPH_FILE), key[0]), points=points
        )
        _ANALYSES.add(key, known)
    return known


def _choose_option(request: ClinicRequest) -> Response:
    plan = open_plan(request.repositories, request.path_parameter("plan"))
    place = request.text("option")
    plan.find_option(place)
    request.repositories.plans.choose(plan.record.id, place, request.text("notes"))
    return request.redirect(f"/plans/{plan.record.id}")


def plan_file_response(request: ClinicRequest) -> Response:
    """Answer with the file of a plan that the path names."""
    name = request.path_parameter("name")
    content = request.repositories.plans.read_file(request.path_parameter("plan"), name)
    headers = {"Content-Security-Policy": REPORT_POLICY} if name == "report.html" else None
    return Response(content, media_type=_MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)
