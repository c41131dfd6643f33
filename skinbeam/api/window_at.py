"""Answer for one setting (`skinbeam.window/1` with the key `at`): effect, burns, bruises and limits.

A consultation is judged as its plan is: on the person's skins, with P(burn) anchored to what clinics counted. A pulse
case without a person is judged by the endpoints of its window.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from skinbeam.api.simulate import simulate_case
from skinbeam.api.window import allowed_harm, chosen_endpoints, endpoint_doses
from skinbeam.course.setting_words import describe_settings
from skinbeam.model.case_tables import WrittenValue
from skinbeam.model.document import DocumentResult, round_significant
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.option_reasons import bruise_share
from skinbeam.plan.options import build_setup
from skinbeam.plan.person import assess_person
from skinbeam.plan_records.course import DeviceSetting
from skinbeam.response.candidate import BURN_ENDPOINT
from skinbeam.response.records import LimitStatus
from skinbeam.simulate.model_error import ErrorSide
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.skins.ensemble import weighted_probability
from skinbeam.text import Message, render_message, round_to_people
from skinbeam.what_if.asked_setting import ASKED_QUANTITIES, AskedSetting, DosePlace, judge_asked_setting

__all__ = [
    "AskedSettingAnswer",
    "ConcernPlace",
    "LimitOutcome",
    "PublishedDosePlace",
    "SettingJudgement",
    "answer_setting",
    "asked_setting_answer",
    "asked_setting_sentences",
    "missing_setting_error",
    "parse_asked",
]


@dataclass(frozen=True)
class ConcernPlace:
    """A concern and its site."""

    condition: str
    site: str


@dataclass(frozen=True)
class LimitOutcome:
    """Whether a limit is met at a setting."""

    id: str
    status: LimitStatus


@dataclass(frozen=True)
class PublishedDosePlace:
    """The doses that sources print, and where the dose is: in, above or below them. `of` : the quantity of the dose."""

    of: str
    low: float
    high: float
    place: DosePlace
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SettingJudgement:
    """The effect and the harm of one setting; fields that do not apply are None.

    Parameters
    ----------
    device, concern, modality, published, beyond_practice : of a consultation alone.
    effect, harm : endpoints of a pulse without a person.
    basis, error : nothing is interpolated; None where nothing was computed.
    """

    device: str | None = None
    concern: ConcernPlace | None = None
    modality: str | None = None
    settings: DeviceSetting | Mapping[str, float]
    effect: str | None = None
    harm: str | None = None
    p_effective: Value
    p_burn: Value
    p_harm: Value
    p_purpura: Value | None = None
    limits: tuple[LimitOutcome, ...] | None = None
    published: PublishedDosePlace | None = None
    beyond_practice: bool | None = None
    basis: Literal["simulated"] | None = None
    error: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AskedSettingAnswer(DocumentResult):
    """The answer for one setting. `in_words` : in sentences; None of a pulse without a person."""

    schema: ClassVar[str] = "skinbeam.window/1"

    in_words: tuple[Message, ...] | None = None
    at: SettingJudgement


def parse_asked(text: str) -> dict[str, float]:
    """Return the quantities of "fluence_J_cm2=8,pulse_ms=10" with their values.

    Raises
    ------
    InputError : a part that is no quantity with a number.
    """
    quantities: dict[str, float] = {}
    for part in text.split(","):
        name, _, written = (piece.strip() for piece in part.partition("="))
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if name not in ASKED_QUANTITIES or not (math.isfinite(value) and value > 0.0):
            hint = (
                f"Write quantity=number, such as fluence_J_cm2=8,pulse_ms=10. Known: {', '.join(ASKED_QUANTITIES)}. "
                "All else, such as a tan, a medicine or the cooling, stands in the case file."
            )
            raise InputError("not-a-setting", f'"{part}" was read', field="at", hint=hint)
        if name in quantities:
            raise InputError("given-twice", f"{name} was read twice", field="at", hint="Give each quantity once.")
        quantities[name] = value
    return quantities


def missing_setting_error(field: str) -> InputError:
    """Return the error for an option of a single setting, where no setting was given."""
    return InputError(
        "no-setting",
        "is for one setting, and no setting was read",
        field=field,
        hint="Give the setting too, such as --at fluence_J_cm2=8,pulse_ms=10 (in Python at=), or leave this out: a "
        "window is of the light that the case names.",
    )


def answer_setting(
    loaded: LoadedCase,
    quantities: Mapping[str, float],
    *,
    device: str | None = None,
    effect: str | None = None,
    harm: str | None = None,
    draws: int = 200,
    seed: int = 0,
) -> AskedSettingAnswer:
    """Return the answer for one setting, which is simulated.

    Parameters
    ----------
    quantities : quantities and values, as of `parse_asked`; what is left out is as the case says, or as a plan begins.
    device : of a consultation; None for that of the case's [laser], else the one that the guideline names first.
    effect, harm : endpoints of a pulse without a person, as of `find_window`; a consultation is judged as its plan is.

    Raises
    ------
    InputError : no device, or a setting that it cannot have; the nearest is named. Endpoints of a consultation.
    NotAvailable : the model cannot judge the light; the document then says why.
    """
    if loaded.case.concern and (effect or harm):
        raise InputError(
            "not-together",
            "endpoints were read, and a setting for a person is judged by those of its plan",
            field="effect" if effect else "harm",
            hint="Leave them out.",
        )
    try:
        if loaded.case.concern:
            person = assess_person(check_consultation(loaded), draws, seed)
            found = judge_asked_setting(person, loaded, quantities, device_name=device)
            return asked_setting_answer(loaded, found, seed)
        pulse = _with_quantities(loaded, quantities, device)
        simulated = simulate_case(pulse, draws=draws, seed=seed)
        judged = _pulse_judgement(pulse, quantities, simulated.harm.p_burn, (effect, harm), draws, seed)
    except NotAvailable as error:
        unknown = Unknown(error.reason)
        nothing = SettingJudgement(settings=dict(quantities), p_effective=unknown, p_burn=unknown, p_harm=unknown)
        answer = AskedSettingAnswer(case_sha256=loaded.sha256(), seed=seed, at=nothing)
        raise NotAvailable(error.reason, answer=answer) from None
    return AskedSettingAnswer(case_sha256=loaded.sha256(), seed=seed, warnings=simulated.warnings, at=judged)


def asked_setting_answer(loaded: LoadedCase, asked_setting: AskedSetting, seed: int) -> AskedSettingAnswer:
    """Return the answer for a setting that was judged for a person."""
    return AskedSettingAnswer(
        case_sha256=loaded.sha256(),
        seed=seed,
        in_words=tuple(asked_setting_sentences(asked_setting)),
        at=_person_judgement(asked_setting),
    )


def _person_judgement(asked_setting: AskedSetting) -> SettingJudgement:
    trial, span = asked_setting.trial, asked_setting.proposal
    published = None
    if span is not None and asked_setting.place is not None:  # a span places the dose
        quantity = "energy_mJ" if trial.machine.device.microbeam else "fluence_J_cm2"
        published = PublishedDosePlace(quantity, span.low, span.high, asked_setting.place, tuple(span.sources))
    return SettingJudgement(
        device=trial.machine.device.name,
        concern=ConcernPlace(asked_setting.concern.condition, asked_setting.concern.site),
        modality=asked_setting.goal.modality,
        settings=build_setup(trial, None).settings,
        p_effective=asked_setting.p_effective,
        p_burn=asked_setting.p_burn or Unknown(render_message("asked.no-burn")),
        p_harm=asked_setting.p_harm,
        p_purpura=bruise_share(trial),
        limits=(
            *(LimitOutcome(verdict.limit.id, verdict.status) for verdict in trial.verdicts),
            *(LimitOutcome(name, "not_met") for name, _ in asked_setting.obstacles),
        ),
        published=published,
        beyond_practice=bool(asked_setting.unpublished),
        basis="simulated",
        error=0.0,
    )


def asked_setting_sentences(asked_setting: AskedSetting) -> list[Message]:
    """Return the answer in sentences."""
    trial, span = asked_setting.trial, asked_setting.proposal
    setup = build_setup(trial, None)
    effective = asked_setting.p_effective
    params: dict[str, str | Message] = {
        "device": setup.device_title,
        "settings": describe_settings(setup.settings, lamp=setup.lamp),
        "harm": round_to_people(round_significant(trial.p_injury)),
    }
    answer = "asked.answer" if asked_setting.p_burn is None else "asked.answer-burn"
    if isinstance(effective, Unknown):
        sentences = [Message(f"{answer}-without-effect", params | {"reason": effective.reason})]
    else:
        sentences = [Message(answer, params | {"effective": round_to_people(effective.median)})]
    if asked_setting.p_burn is not None:
        sentences.append(Message("asked.burn-meaning"))
    bruised = bruise_share(trial)
    if isinstance(bruised, Estimate):
        sentences.append(Message("asked.answer-bruise", {"bruised": round_to_people(bruised.median)}))
    if span is None:
        sentences.append(Message("asked.unprinted"))
    else:
        sentences.append(Message(f"asked.{asked_setting.place}", {"printed": span.printed_words}))
    sentences += asked_setting.unpublished
    broken = [
        f"limit-in-short.{verdict.limit.id}" for verdict in trial.verdicts if verdict.status not in ("met", "warn")
    ]
    obstacles = [Message(name) for name in broken] + [message for _, message in asked_setting.obstacles]
    if not obstacles:
        warned = [f"limit-in-short.{verdict.limit.id}" for verdict in trial.verdicts if verdict.status == "warn"]
        narrowly = Message("asked.kept-narrowly", {"limits": "; ".join(Message(name).text for name in warned)})
        return [*sentences, narrowly if warned else Message("asked.kept")]
    limits = "; ".join(message.text.rstrip(".") for message in obstacles)
    return [*sentences, Message("asked.broken", {"limits": limits})]


def _pulse_judgement(
    pulse: LoadedCase,
    quantities: Mapping[str, float],
    p_burn: Value,
    endpoints: tuple[str | None, str | None],
    draws: int,
    seed: int,
) -> SettingJudgement:
    """Return the judgement of a pulse without a person: the effect and the harm of its window, and its P(burn)."""
    scene = build_scene(pulse)
    beam = scene.beam
    if beam is None:
        raise InputError("missing-key", "no laser was read", field="laser", hint="A setting needs [laser].")
    wanted, avoided = chosen_endpoints(pulse, beam, *endpoints)
    dose = beam.fluence_J_cm2 if beam.microbeam is None else beam.microbeam.energy_mJ
    if dose is None:
        raise InputError("missing-key", "no fluence was read", field="at", hint="Give fluence_J_cm2.")

    def share(endpoint: str, side: ErrorSide) -> Value:
        try:
            values, weights = endpoint_doses(scene, endpoint, side, draws, seed)
        except NotAvailable as error:
            return Unknown(error.reason)
        return weighted_probability(values <= dose, weights, ())

    harm = p_burn if avoided == BURN_ENDPOINT else share(avoided, "harm")
    allowed = allowed_harm(beam, avoided, scene.skin.site or "")
    limits: tuple[LimitOutcome, ...] = ()
    if isinstance(allowed, float) and isinstance(harm, Estimate):
        limits = (LimitOutcome(avoided, "met" if harm.median <= allowed else "not_met"),)
    return SettingJudgement(
        settings=dict(quantities),
        effect=wanted,
        harm=avoided,
        p_effective=share(wanted, "effect"),
        p_burn=p_burn,
        p_harm=harm,
        limits=limits,
        basis="simulated",
        error=0.0,
    )


def _with_quantities(loaded: LoadedCase, quantities: Mapping[str, float], device: str | None) -> LoadedCase:
    """Return a pulse case with the asked quantities in place of its own."""
    of_columns = ("energy_mJ", "density_per_cm2") if loaded.case.microbeam is not None else ()
    tables = {"wavelength_nm": "laser"} | dict.fromkeys(of_columns, "microbeam")
    fields: dict[str, WrittenValue] = {
        f"{tables.get(name, 'settings')}.{name}": value for name, value in quantities.items()
    }
    return loaded.with_fields(fields if device is None else fields | {"laser.device": device}, file="at")
