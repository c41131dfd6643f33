"""Judge a setting that is asked about for the person of a plan, and say the answer in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from skinbeam.api.window_at import asked_setting_sentences
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.asked_setting import judge_asked_setting
from skinbeam.plan.options import build_setup
from skinbeam.plan.planner import AssessedPerson
from skinbeam.report.formatting import capitalise, per_100
from skinbeam.report.overview import setting_line

__all__ = ["PublishedDose", "SettingAnswer", "SettingQuestion", "answer_question"]


@dataclass(frozen=True)
class SettingQuestion:
    """A setting that is asked about.

    Parameters
    ----------
    plan_sha256 : of the plan, which names its person.
    draws, seed : of the plan.
    device : its name.
    treated : condition, site and modality of the option.
    quantities : every quantity of `skinbeam.plan.asked_setting.ASKED_QUANTITIES` that is set, with its value.
    language : of the answer.
    """

    plan_sha256: str
    draws: int
    seed: int
    device: str
    treated: tuple[str, str, str]
    quantities: Mapping[str, float]
    language: str


@dataclass(frozen=True)
class PublishedDose:
    """The doses that sources print for such skin, and where the asked dose stands beside them."""

    low: float
    high: float
    unit: str
    place: Literal["inside", "below", "above"]


@dataclass(frozen=True)
class SettingAnswer:
    """The answer, for people.

    Parameters
    ----------
    setting : the settings in one line.
    effective, harmed, bruised : how many of 100 such skins reach the target, are injured and bruise; `bruised` is empty
        where no vessels are heated.
    is_burn : whether the injury is a burn.
    limits : id of each limit with its status, as in a plan.
    obstacles : why no plan gives the setting beside its limits, in words.
    published : None where no source prints a dose of the device for such skin.
    sentences : the whole answer in sentences.
    """

    setting: str
    effective: str
    harmed: str
    bruised: str
    is_burn: bool
    limits: Mapping[str, str]
    obstacles: tuple[str, ...]
    published: PublishedDose | None
    sentences: tuple[str, ...]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "SettingAnswer":
        """Return the answer that was written as JSON."""
        published = None if record["published"] is None else PublishedDose(**record["published"])
        texts = {name: tuple(record[name]) for name in ("obstacles", "sentences")}
        return cls(**{**record, **texts, "published": published})


def answer_question(person: AssessedPerson, loaded: LoadedCase, question: SettingQuestion) -> SettingAnswer:
    """Return the answer to a question in the current language.

    Raises
    ------
    InputError : a setting that the device cannot have; the nearest is named.
    NotAvailable : the model cannot judge the light.
    """
    found = judge_asked_setting(
        person, loaded, question.quantities, device_name=question.device, treated=question.treated
    )
    span, place, bruising = found.proposal, found.place, found.trial.bruising
    return SettingAnswer(
        setting=setting_line(build_setup(found.trial, None)),
        effective=per_100(found.p_effective).text,
        harmed=per_100(found.p_harm).text,
        bruised="" if bruising is None else per_100(bruising.p).text,
        is_burn=found.p_burn is not None,
        limits={verdict.limit.id: verdict.status for verdict in found.trial.verdicts},
        obstacles=tuple(f"{capitalise(message.text.rstrip('.'))}." for _, message in found.obstacles),
        published=None if span is None or place is None else PublishedDose(span.low, span.high, span.unit, place),
        sentences=tuple(sentence.text for sentence in asked_setting_sentences(found)),
    )
