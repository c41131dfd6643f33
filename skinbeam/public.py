"""The public functions: each answers one question, as the command of the same name does.

A case is a path, the tables of a case file, or a loaded case. What a setting of the case is to be instead is given by
name: `simulate(case, pulse_ms=6)`. NumPy scalars are taken as numbers.
"""

import copy
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from skinbeam.api.analyse_photo import photo_document
from skinbeam.api.light import LightOptions, run_light
from skinbeam.api.preview import preview_document
from skinbeam.api.simulate import simulate_document
from skinbeam.api.skin import parse_wavelengths, skin_document
from skinbeam.api.threshold import threshold_document
from skinbeam.api.window import window_document
from skinbeam.api.window_at import asked_setting_document, window_at_document, with_asked
from skinbeam.evidence.comparison.compare import compare_document
from skinbeam.evidence.expectation.expect import expect_document
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.laser.device import Device
from skinbeam.laser.device import devices as known_devices
from skinbeam.model.case import Case
from skinbeam.model.document import pretty_json
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import LoadedCase, case_from_tables, load_case
from skinbeam.plan.case_check import CheckedConsultation, check_consultation
from skinbeam.plan.planner import AssessedPerson, assess_person, plan_consultation
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.text import render_message
from skinbeam.what_if.asked_setting import judge_asked_setting, planned_quantities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "CaseLike",
    "PlannedConcern",
    "PlannedConsultation",
    "PlannedOption",
    "Result",
    "analyse_photo",
    "compare",
    "devices",
    "expect",
    "light",
    "plan",
    "preview",
    "simulate",
    "skin",
    "threshold",
    "window",
]

CaseLike = Path | str | Mapping[str, Any] | LoadedCase | Case


@dataclass(frozen=True, repr=False)
class Result:
    """The answer to one question.

    Parameters
    ----------
    document : the answer in JSON types, as the command prints it; `result["dose"]` is one key of it.
    """

    document: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.document[key]

    def __repr__(self) -> str:
        return f"<{self.document['schema']}: {', '.join(list(self.document)[5:])}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the answer in JSON types."""
        return copy.deepcopy(dict(self.document))

    def plot(self) -> "Figure":
        """Return the figure that the command draws with `--plot`.

        Raises
        ------
        NotAvailable : there is no figure of such an answer.
        """
        from skinbeam.report.graphics.curves import document_figure

        return document_figure(self.document)

    def citations(self) -> tuple[str, ...]:
        """Return the keys of all sources behind the answer, in alphabetical order."""
        return tuple(sorted(set(_source_keys(self.document))))


def _source_keys(value: Any) -> Iterator[str]:
    """Yield the sources that a document names anywhere: its own, and the basis of every estimate."""
    if isinstance(value, list):
        for item in value:
            yield from _source_keys(item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name in ("sources", "basis") and isinstance(item, list):
                yield from (key for key in item if isinstance(key, str))
            else:
                yield from _source_keys(item)


@dataclass(frozen=True)
class PlannedOption:
    """An option of a plan; its fields are those of `skinbeam.plan_records.plan.Option`."""

    record: Option
    _concern: ConcernPlan
    _consultation: CheckedConsultation
    _person: AssessedPerson

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.record, name)

    def __repr__(self) -> str:
        return f"<option: {self.record.title}, rank {self.record.rank}>"

    def what_if(self, **asked: float) -> Result:
        """Return the answer of `skinbeam window --at` for this option with other settings.

        Parameters
        ----------
        asked : `fluence_J_cm2`, `energy_mJ`, `pulse_ms`, `spot_mm`, `wavelength_nm`, `density_per_cm2`, `passes`; what
            is left out is as planned.

        Raises
        ------
        InputError : the device cannot have the setting; the nearest is named.
        NotAvailable : an option without a device, or light that the model cannot judge.
        """
        setup = self.record.setup
        if setup is None:
            raise NotAvailable(render_message("asked.no-device", {"option": self.record.title}))
        found = judge_asked_setting(
            self._person,
            self._consultation.loaded,
            planned_quantities(setup.settings) | _numbers(asked),
            device_name=setup.device,
            treated=(self._concern.condition, self._concern.site, self.record.modality),
        )
        return Result(asked_setting_document(self._consultation.loaded, found, self._person.seed))


@dataclass(frozen=True)
class PlannedConcern:
    """A concern of a plan, with the fields of `skinbeam.plan_records.plan.ConcernPlan` and options that answer."""

    record: ConcernPlan
    options: tuple[PlannedOption, ...]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.record, name)

    def __repr__(self) -> str:
        return f"<concern: {self.record.place}, {len(self.options)} options>"


@dataclass(frozen=True, repr=False)
class PlannedConsultation:
    """A plan.

    Parameters
    ----------
    plan : its record, which never changes.
    """

    plan: Plan
    _consultation: CheckedConsultation

    def __repr__(self) -> str:
        return f"<plan {self.plan.plan_sha256[:12]}: {', '.join(one.place for one in self.plan.concerns)}>"

    @cached_property
    def concerns(self) -> tuple[PlannedConcern, ...]:
        """The concerns with their options, in order of rank."""
        person = assess_person(self._consultation, self.plan.draws, self.plan.seed)
        return tuple(
            PlannedConcern(one, tuple(PlannedOption(option, one, self._consultation, person) for option in one.options))
            for one in self.plan.concerns
        )

    def to_dict(self) -> dict[str, Any]:
        """Return `skinbeam.plan/1`."""
        return copy.deepcopy(dict(self.plan.document))

    def citations(self) -> tuple[str, ...]:
        """Return the keys of all sources of the plan."""
        return self.plan.sources


def plan(case: CaseLike, *, photo: Path | str | None = None, draws: int = 200, seed: int = 0) -> PlannedConsultation:
    """Return the plan of a consultation.

    Parameters
    ----------
    photo : a photograph in place of the case's own.

    Raises
    ------
    InputError : what is missing or wrong in the case or the photograph.
    """
    consultation = check_consultation(_loaded(case), None if photo is None else Path(photo))
    made = plan_consultation(consultation, lambda _: None, draws=_count(draws, "draws"), seed=seed)
    return PlannedConsultation(made.plan, consultation)


def simulate(case: CaseLike, *, draws: int = 200, seed: int = 0, **settings: float) -> Result:
    """Return light, heat, damage and healing of one pulse (`skinbeam.simulate/1`).

    Parameters
    ----------
    settings : what is to be other than in the case: `fluence_J_cm2`, `pulse_ms`, `spot_mm`, ...

    Raises
    ------
    InputError : a setting that the device cannot have.
    NotAvailable : such a pulse cannot be simulated.
    """
    return Result(simulate_document(_varied(case, settings), draws=_count(draws, "draws"), seed=seed))


def threshold(
    case: CaseLike, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0, **settings: float
) -> Result:
    """Return the dose at which half of such skins reach an endpoint (`skinbeam.threshold/1`); arguments as above.

    Parameters
    ----------
    of : `fluence_J_cm2`, `microbeam_mJ` or `exposure_s`.
    """
    varied = _varied(case, settings)
    return Result(threshold_document(varied, endpoint, of=of, draws=_count(draws, "draws"), seed=seed))


def window(
    case: CaseLike,
    *,
    effect: str | None = None,
    harm: str | None = None,
    at: Mapping[str, float] | None = None,
    device: str | None = None,
    draws: int = 200,
    seed: int = 0,
) -> Result:
    """Return the therapeutic window, or with `at` one setting of a device (`skinbeam.window/1`).

    Raises
    ------
    InputError : no effect can be inferred, or a setting that the device cannot have; the nearest is named.
    NotAvailable : the model cannot judge the light.
    """
    loaded, count = _loaded(case), _count(draws, "draws")
    if at is not None:
        return Result(window_at_document(loaded, _numbers(at), device=device, draws=count, seed=seed))
    return Result(window_document(loaded, effect=effect, harm=harm, draws=count, seed=seed))


def light(layers: Path | str, options: LightOptions | None = None) -> Result:
    """Return the light in a layers file (`skinbeam.light/1`)."""
    return Result(run_light(Path(layers), options).document)


def skin(case: CaseLike, wavelength_nm: Sequence[float] | str, *, draws: int = 200, seed: int = 0) -> Result:
    """Return layers, spectra and colour of a skin (`skinbeam.skin/1`).

    Parameters
    ----------
    wavelength_nm : wavelengths, or a text such as "400:1000:10".
    """
    text = isinstance(wavelength_nm, str)
    nm = parse_wavelengths(wavelength_nm) if text else [float(one) for one in wavelength_nm]  # type: ignore[arg-type]
    return Result(skin_document(_loaded(case), nm, draws=_count(draws, "draws"), seed=seed))


def expect(condition: str, modality: str, *, seed: int = 0, **question: Any) -> Result:
    """Return the results that a new clinic would see, from published trials (`skinbeam.expect/1`).

    Parameters
    ----------
    question : as of `skinbeam.evidence.question.EvidenceQuestion`: `phototype`, `site`, `severity`, `patients`, ...

    Raises
    ------
    NotAvailable : the evidence abstains; the document is the `body`.
    """
    return Result(expect_document(EvidenceQuestion(condition, modality, **question), seed=seed))


def compare(condition: str, a: str, b: str, *, seed: int = 0) -> Result:
    """Return what trials that compared two treatments found (`skinbeam.compare/1`).

    Raises
    ------
    NotAvailable : no chain of trials connects the two.
    """
    return Result(compare_document(condition, a, b, seed=seed))


def devices() -> Mapping[str, Device]:
    """Return the known devices by name."""
    return known_devices()


def analyse_photo(photo: Path | str, folder: Path | str | None = None, **options: Any) -> Result:
    """Return the findings of a photograph (`skinbeam.photo/1`); with a folder its overlays are written there.

    Parameters
    ----------
    options : `white_card`, `points`, `site`, `length`, `before`, as of `skinbeam.api.analyse_photo.photo_document`.
    """
    return Result(photo_document(photo, None if folder is None else Path(folder), **options))


def preview(photo: Path | str, plan: PlannedConsultation | Path | str, folder: Path | str) -> Result:
    """Write the preview of a plan on a photograph into a folder, and return `skinbeam.preview/1`."""
    if not isinstance(plan, PlannedConsultation):
        return Result(preview_document(photo, plan, Path(folder)))
    with TemporaryDirectory() as made:
        file = Path(made) / "plan.json"
        file.write_text(pretty_json(plan.to_dict()), encoding="utf-8")
        return Result(preview_document(photo, file, Path(folder)))


def _loaded(case: CaseLike) -> LoadedCase:
    if isinstance(case, LoadedCase):
        return case
    if isinstance(case, Case):
        return LoadedCase(case, Path())
    if isinstance(case, Mapping):
        return case_from_tables(case, Path(), "case")
    return load_case(Path(case))


def _varied(case: CaseLike, settings: Mapping[str, float]) -> LoadedCase:
    loaded = _loaded(case)
    if not settings:
        return loaded
    return LoadedCase(with_asked(loaded.case, _numbers(settings), None), loaded.folder, loaded.file)


def _numbers(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return settings as plain numbers.

    Raises
    ------
    InputError : one that is no single number.
    """
    found = {}
    for name, value in settings.items():
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            raise InputError("not-a-number", f"{value!r} was read", field=name, hint="Give one number.") from None
    return found


def _count(value: int, name: str) -> int:
    """Return a count of at least one as a plain whole number.

    Raises
    ------
    InputError : it is none.
    """
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if count < 1:
        raise InputError("out-of-range", f"{name} = {value!r} was read", field=name, hint="A whole number from 1 on.")
    return count
