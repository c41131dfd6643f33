"""Judge a setting that is asked about for the person of a plan, and say the answer in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skinbeam.api.window_at import asked_setting_sentences
from skinbeam.laser.device import Device
from skinbeam.model.estimate import Estimate
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.option_reasons import bruise_share
from skinbeam.plan.options import build_setup
from skinbeam.plan.person import AssessedPerson
from skinbeam.report.formatting import capitalise, per_100
from skinbeam.report.overview import setting_line
from skinbeam.text import ENGLISH, Message, render_message, use_language
from skinbeam.what_if.asked_setting import AskedSetting, DosePlace, judge_asked_setting
from skinbeam.what_if.chosen_setting import find_objections
from skinbeam.what_if.other_cooling import judge_other_cooling
from skinbeam_clinic.plans.setting_quantities import dose_curve, neighbour_settings
from skinbeam_clinic.pulse_settings import OrderedSettings
from skinbeam_clinic.used_cooling import CoolingKind, UsedCooling

__all__ = ["PublishedDose", "SettingAnswer", "SettingQuestion", "answer_question"]


@dataclass(frozen=True)
class SettingQuestion:
    """A setting that is asked about.

    Parameters
    ----------
    plan_sha256 : of the plan, which names its person.
    draws, seed : of the plan.
    device : its name.
    treatment : condition, site and modality of the option.
    planned_dose : of the option, J/cm² or mJ of a microbeam.
    planned_spot_mm : the diameter of the planned beam; None for that of the setting that is asked about.
    quantities : the setting that is asked about.
    language : of the answer.
    cooling : that is asked about beside the planned one; None where only that is.
    """

    plan_sha256: str
    draws: int
    seed: int
    device: str
    treatment: tuple[str, str, str]
    planned_dose: float
    quantities: OrderedSettings
    language: str
    cooling: UsedCooling | None = None
    planned_spot_mm: float | None = None

    def list_neighbours(self, device: Device) -> tuple["SettingQuestion", ...]:
        """Return the same question one step of its device beside the pulse and the spot."""
        return tuple(replace(self, quantities=setting) for setting in neighbour_settings(device, self.quantities))

    def list_curve(self, device: Device) -> tuple["SettingQuestion", ...]:
        """Return the same question at every dose of its device, in an order that halves the gaps between known ones."""
        return tuple(replace(self, quantities=settings) for settings in dose_curve(device, self.quantities))


@dataclass(frozen=True)
class PublishedDose:
    """The doses that sources print for such skin, and where the planned and the asked dose stand beside them.

    Parameters
    ----------
    planned_range, asked_range : the least and the greatest of them; of heated columns those that go as deep in the
        planned beam, and in the one that is asked about.
    """

    planned_range: tuple[float, float]
    asked_range: tuple[float, float]
    unit: str
    planned_place: DosePlace
    asked_place: DosePlace


@dataclass(frozen=True)
class SettingAnswer:
    """The answer, for people.

    Parameters
    ----------
    setting : the settings in one line.
    effective, harmed, bruised : how many of 100 such skins reach the target, are injured and bruise; `bruised` is empty
        where no vessels are heated.
    limits : id of each limit with its status, as in a plan.
    stops : why no plan gives the setting, in words: limits, rules, earlier reactions.
    warnings : what needs a reason before a plan gives it.
    published : None where no source prints a dose of the device for such skin.
    sentences : the whole answer in sentences.
    cooled : how many are injured with the cooling that was asked about, or without any where the model does not know
        it; empty where none was asked about.
    """

    setting: str
    effective: str
    harmed: str
    bruised: str
    is_burn: bool
    limits: Mapping[str, str]
    stops: tuple[str, ...]
    warnings: tuple[str, ...]
    published: PublishedDose | None
    sentences: tuple[str, ...]
    cooled: str = ""


def answer_question(person: AssessedPerson, loaded: LoadedCase, question: SettingQuestion) -> SettingAnswer:
    """Return the answer to a question in the current language.

    Raises
    ------
    InputError : a setting that the device cannot have; the nearest is named.
    NotAvailable : the model cannot judge the light.
    """
    answer = judge_asked_setting(
        person, loaded, question.quantities.numbers(), device_name=question.device, treated=question.treatment
    )
    bruised, objections = bruise_share(answer.trial), find_objections(answer)
    stops, warnings = (tuple(map(_sentence, messages)) for messages in (objections.stops, objections.warnings))
    with use_language(ENGLISH):  # a sentence translates its parameters, which are English as in a document
        *sentences, judgement = asked_setting_sentences(answer)
    spoken = [sentence.text for sentence in sentences]
    for heading, reasons in (("stops", stops), ("warnings", warnings)):
        spoken += [render_message(f"clinic-what-if.{heading}"), *reasons] if reasons else []
    if not stops and not warnings:
        spoken.append(judgement.text)
    return SettingAnswer(
        setting=setting_line(build_setup(answer.trial, None)),
        effective=per_100(answer.p_effective).text,
        harmed=per_100(answer.p_harm).text,
        bruised=per_100(bruised).text if isinstance(bruised, Estimate) else "",
        is_burn=answer.p_burn is not None,
        limits={verdict.limit.id: verdict.status for verdict in answer.trial.verdicts},
        stops=stops,
        warnings=warnings,
        published=_published_dose(answer, question),
        sentences=tuple(spoken),
        cooled=_cooled_harm(person, answer, question.cooling),
    )


def _cooled_harm(person: AssessedPerson, asked_setting: AskedSetting, cooling: UsedCooling | None) -> str:
    """Return how many are injured with the cooling that was asked about; empty where none was."""
    if cooling is None:
        return ""
    known = cooling if cooling.kind.is_modelled else UsedCooling(kind=CoolingKind.NONE)
    return per_100(judge_other_cooling(person, asked_setting, known.kind.value, known.numbers())).text


def _sentence(message: Message) -> str:
    return f"{capitalise(message.text.rstrip('.'))}."


def _published_dose(asked_setting: AskedSetting, question: SettingQuestion) -> PublishedDose | None:
    asked, planned = asked_setting.proposal, asked_setting.printed_at(question.planned_spot_mm)
    planned_place = asked_setting.place_of(question.planned_dose, question.planned_spot_mm)
    asked_place = asked_setting.place
    if asked is None or planned is None or planned_place is None or asked_place is None:
        return None
    return PublishedDose((planned.low, planned.high), (asked.low, asked.high), asked.unit, planned_place, asked_place)
