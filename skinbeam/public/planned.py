"""A plan that answers: its options say what other settings would do, and give the case of one pulse."""

import copy
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import skinbeam
from skinbeam.api.window_at import AskedSettingAnswer, asked_setting_answer
from skinbeam.model.errors import NotAvailable, unknown_name_error
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.case_check import CheckedConsultation
from skinbeam.plan.person import AssessedPerson, assess_person
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.public.cases import plain_numbers
from skinbeam.text import ENGLISH, LANGUAGES, render_message
from skinbeam.what_if.asked_setting import judge_asked_setting, planned_quantities
from skinbeam.what_if.option_case import option_pulse_case

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PlannedConcern", "PlannedConsultation", "PlannedOption"]


class _FieldsOfRecord:
    """Gives the fields of a record as attributes of its own."""

    record: Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.record, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(attribute.name for attribute in fields(self.record))]


@dataclass(frozen=True)
class PlannedOption(_FieldsOfRecord):
    """An option of a plan; its fields are those of `skinbeam.plan_records.plan.Option`."""

    record: Option
    _concern: ConcernPlan = field(compare=False)
    _consultation: CheckedConsultation = field(compare=False)
    _person: AssessedPerson = field(compare=False)

    def __repr__(self) -> str:
        return f"<option: {self.record.title}, rank {self.record.rank}>"

    def what_if(self, **asked: float) -> AskedSettingAnswer:
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
        setup = self._device_setup()
        answer = judge_asked_setting(
            self._person,
            self._consultation.loaded,
            planned_quantities(setup.settings) | plain_numbers(asked),
            device_name=setup.device,
            treated=(self._concern.condition, self._concern.site, self.record.modality),
        )
        return asked_setting_answer(self._consultation.loaded, answer, self._person.seed)

    def to_case(self) -> LoadedCase:
        """Return the case of one pulse with the planned settings and cooling, on this person's skin at the site.

        `simulate(option.to_case())` shows that pulse. A vessel is the median one of the plan's draws, so `p_closed`
        is of that vessel; `p_effective` of the option covers all sizes and depths, and `p_harm` the dark spots and the
        clinics' counts that a plan knows.

        Raises
        ------
        NotAvailable : an option without a device.
        """
        place = self._concern.condition, self._concern.site
        return option_pulse_case(
            self._person, self._consultation.loaded, place, self.record.modality, self._device_setup()
        )

    def _device_setup(self) -> DeviceSetup:
        if self.record.setup is None:
            raise NotAvailable(render_message("asked.no-device", {"option": self.record.title}))
        return self.record.setup


@dataclass(frozen=True)
class PlannedConcern(_FieldsOfRecord):
    """A concern of a plan, with the fields of `skinbeam.plan_records.plan.ConcernPlan` and options that answer."""

    record: ConcernPlan
    options: tuple[PlannedOption, ...]

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
    _consultation: CheckedConsultation = field(compare=False)

    def __repr__(self) -> str:
        return f"<plan {self.plan.plan_sha256[:12]}: {', '.join(concern.place for concern in self.plan.concerns)}>"

    @cached_property
    def concerns(self) -> tuple[PlannedConcern, ...]:
        """The concerns with their options, in order of rank."""
        person = assess_person(self._consultation, self.plan.draws, self.plan.seed)
        return tuple(
            PlannedConcern(
                concern, tuple(PlannedOption(option, concern, self._consultation, person) for option in concern.options)
            )
            for concern in self.plan.concerns
        )

    def to_dict(self, *, language: str = ENGLISH) -> dict[str, Any]:
        """Return `skinbeam.plan/2`.

        Parameters
        ----------
        language : of its sentences, `en` or `de`; numbers and `plan_sha256` are the same in both.

        Raises
        ------
        InputError : there is no such language.
        """
        if language not in LANGUAGES:
            raise unknown_name_error("language", language, LANGUAGES, field="language")
        return copy.deepcopy(dict(self.plan.document_in(language)))

    def plot(self) -> "Figure":
        """Return a Matplotlib figure of the options of each concern in order of rank, with what trials counted."""
        figure: Figure = skinbeam.result_figure(self.plan)
        return figure

    def citations(self) -> tuple[str, ...]:
        """Return the keys of all sources of the plan."""
        return self.plan.sources
