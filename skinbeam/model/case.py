"""The case file: a consultation, or a pulse on a skin, in clinical units.

Attribute names are the keys of the file. Each value is checked by itself where its table is declared; `Case` checks
rules that involve several tables. Whether the device can emit the settings is checked in `laser.beam_of_case`.
"""

import datetime
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field, PrivateAttr, model_validator

from skinbeam.model.consultation import Clearance, Clinic, Concern, EarlierSession, EarlierTestSpot, Patient, Photo
from skinbeam.model.device_file import DeviceFile
from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Bath, Cooling, Laser, Lesion, Microbeam, Settings, Skin, Vessel
from skinbeam.model.fields import FieldError, InputTable, text
from skinbeam.model.vocabulary import RAISED_SCARS

__all__ = [
    "Case",
    "check_dates",
    "conditions_in_case",
    "current_date",
    "find_torn_times",
    "forms_raised_scars",
    "has_other_raised_scars",
]

_WITHOUT_TISSUE: Mapping[str, str] = {"blood": "blood in a cuvette", "melanosome": "one granule in water"}
_WITHOUT_MELANIN = ("blood", "phantom", "chick-membrane")


class Case(InputTable):
    """A whole case file."""

    title: Annotated[str, text(200)] = ""
    patient: Patient | None = None
    concern: list[Concern] = Field(default=[], max_length=50)
    test_spot: list[EarlierTestSpot] = Field(default=[], max_length=200)
    session: list[EarlierSession] = Field(default=[], max_length=200)
    clearance: list[Clearance] = Field(default=[], max_length=50)
    clinic: Clinic | None = None
    photo: Photo | None = None
    skin: Skin | None = None
    vessel: list[Vessel] = Field(default=[], max_length=1000)
    lesion: list[Lesion] = Field(default=[], max_length=100)
    laser: Laser | None = None
    settings: Settings | None = None
    microbeam: Microbeam | None = None
    cooling: Cooling | None = None
    bath: Bath | None = None

    _device_files: dict[str, DeviceFile] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> "Case":
        for check in (
            _check_concerns_differ,
            _check_session_times,
            _check_single_heat_source,
            _check_microbeam_dose,
            _check_vessels_separate,
            _check_targets_in_tissue,
            _check_layers,
        ):
            check(self)
        return self

    @property
    def measured_ita_deg(self) -> tuple[float, ...]:
        """The measured colours of the skin and of the person, in this order, where they are given."""
        parts = (part for part in (self.skin, self.patient) if part is not None)
        return tuple(part.ita_deg for part in parts if part.ita_deg is not None)

    @property
    def device_files(self) -> Mapping[str, DeviceFile]:
        """The device files that the case names, by these names; empty before they are read (`laser.case_devices`)."""
        return self._device_files

    def with_device_files(self, files: Mapping[str, DeviceFile]) -> "Case":
        """Return the case with the content of the device files that it names, which is no table of the case."""
        case = self.model_copy()
        case._device_files = dict(files)
        return case


def _check_concerns_differ(case: Case) -> None:
    seen: dict[tuple[str, str], int] = {}
    for index, concern in enumerate(case.concern):
        key = (concern.condition, concern.site)
        if key in seen:
            raise FieldError(
                "concern-twice",
                f"concern[{index}] is {concern.condition} at {concern.site}, as is concern[{seen[key]}]",
                "Name each condition once a site.",
                field=f"concern[{index}]",
            )
        seen[key] = index


def _check_session_times(case: Case) -> None:
    """Reject a session that is longer ago than one on the same condition before it."""
    dated = [index for index, done in enumerate(case.session) if done.weeks_ago is not None]
    sessions = [case.session[index] for index in dated]
    torn = find_torn_times([(done.treats, done.week, done.weeks_ago or 0.0) for done in sessions])
    if torn is not None:
        (place, last), (index, done) = ((dated[number], sessions[number]) for number in torn)
        raise FieldError(
            "session-times",
            f"session[{index}] in week {done.week:g} was {done.weeks_ago:g} weeks ago, and session[{place}] before "
            f"it, in week {last.week:g}, {last.weeks_ago:g}",
            "A later session is less long ago: week counts from the first one on, weeks_ago back from today.",
            field=f"session[{index}].weeks_ago",
        )


def find_torn_times(times: Sequence[tuple[str, float, float]]) -> tuple[int, int] | None:
    """Return the places of two sessions on one condition of which the later one was longer ago; None without such.

    Parameters
    ----------
    times : condition, week, and weeks until today of each session.
    """
    for place, (treats, week, ago) in enumerate(times):
        for index, (other, later, since) in enumerate(times):
            if treats == other and week < later and ago < since:
                return place, index
    return None


def _check_single_heat_source(case: Case) -> None:
    if case.bath is not None and (case.laser or case.settings or case.microbeam):
        raise FieldError(
            "two-heat-sources", "[bath] stands beside a laser", "Keep [bath], or [laser] with [settings].", field="bath"
        )


def _check_microbeam_dose(case: Case) -> None:
    if case.microbeam is None or case.settings is None:
        return
    given = [
        name
        for name in ("fluence_J_cm2", "energy_J", "power_W", "spot_mm", "footprint_mm")
        if getattr(case.settings, name) is not None
    ]
    if given:
        raise FieldError(
            "two-beams",
            f"[settings] {', '.join(given)} beside [microbeam]",
            "With [microbeam] the dose is energy_mJ per beam; [settings] holds pulse_ms and trains only.",
            field=f"settings.{given[0]}",
        )


def _check_vessels_separate(case: Case) -> None:
    deep = sorted(enumerate(case.vessel), key=lambda item: item[1].depth_um)
    for (i, upper), (j, lower) in itertools.pairwise(deep):
        gap = lower.depth_um - upper.depth_um
        if gap < upper.outer_radius_um + lower.outer_radius_um:
            raise FieldError(
                "vessels-overlap",
                f"vessel[{i}] and vessel[{j}] overlap: axes {gap:g} µm apart, radii with walls "
                f"{upper.outer_radius_um:g} and {lower.outer_radius_um:g} µm",
                "The depths of two axes differ by at least the sum of the radii, with the walls that are given.",
                field=f"vessel[{j}]",
            )


def _check_targets_in_tissue(case: Case) -> None:
    """Reject vessels and lesions in presets without tissue, and a kind of melanosome in presets without melanin."""
    if case.skin is None or case.skin.layer:
        return
    name = case.skin.preset
    for field, given in (("vessel[0]", case.vessel), ("lesion[0]", case.lesion)):
        if name in _WITHOUT_TISSUE and given:
            raise FieldError(
                "no-tissue",
                f'[[{field[:-3]}]] stands beside the preset "{name}", {_WITHOUT_TISSUE[name]}',
                f'Leave [[{field[:-3]}]] out, or take a preset of skin, or "chick-membrane".',
                field=field,
            )
    if case.skin.melanosome is not None and name in _WITHOUT_MELANIN:
        raise FieldError(
            "no-melanosomes",
            f'melanosome = "{case.skin.melanosome}" stands beside the preset "{name}", which has none',
            'Leave it out, or take the preset "melanosome".',
            field="skin.melanosome",
        )


def _check_layers(case: Case) -> None:
    if case.skin is None:
        return
    names = [layer.name for layer in case.skin.layer]
    for index, layer in enumerate(case.skin.layer):
        if layer.name in names[:index]:
            raise FieldError(
                "layer-twice",
                f'skin.layer[{index}] is the second called "{layer.name}"',
                "Layer names are unique.",
                field=f"skin.layer[{index}].name",
            )
        if layer.thickness_um is None and index < len(names) - 1:
            raise FieldError(
                "layer-without-thickness",
                f"skin.layer[{index}] has no thickness_um and is not the last",
                "Only the last layer may be left without a thickness: it is then semi-infinite.",
                field=f"skin.layer[{index}].thickness_um",
            )


# Dates are checked when a case is loaded and never later, so that a plan does not depend on the day of its making.


def check_dates(case: Case, today: datetime.date, *, file: str) -> None:
    """Reject a date after `today`, or before the earliest day on which this person can have been born.

    Raises
    ------
    InputError : the first such date.
    """
    born = None if case.patient is None else _earliest_birth_date(case.patient.age_years, today)
    for field, date in _case_dates(case):
        if date > today:
            fault, hint = f"lies in the future, read {date}", "A date up to today."
            error = InputError("date-in-future", fault, field=field, hint=hint, file=file)
            raise error.with_params({"read": date})
        if born is not None and date < born:
            hint = f"A date from {born.isoformat()} on: with the age that was given, the person was not born before."
            fault = f"lies before birth, read {date}"
            error = InputError("date-before-birth", fault, field=field, hint=hint, file=file)
            raise error.with_params({"read": date, "born": born})


def current_date() -> datetime.date:
    """Return today's date where a day begins first, since a clinic may be east of the machine that plans for it."""
    return datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14))).date()


def _case_dates(case: Case) -> Iterator[tuple[str, datetime.date]]:
    for index, concern in enumerate(case.concern):
        if concern.diagnosis_date is not None:
            yield f"concern[{index}].diagnosis_date", concern.diagnosis_date
    for index, clearance in enumerate(case.clearance):
        yield f"clearance[{index}].date", clearance.date
    if case.patient is not None and case.patient.keloid_decision is not None:
        yield "patient.keloid_decision.date", case.patient.keloid_decision.date


def _earliest_birth_date(age_years: float, today: datetime.date) -> datetime.date:
    """Return the earliest possible day of birth: a person of 42 years is not yet 43."""
    year = today.year - math.floor(age_years) - 1
    try:
        return today.replace(year=year) + datetime.timedelta(days=1)
    except ValueError:  # the 29th of February, in a year without one
        return datetime.date(year, 3, 1)


# People who form raised scars, found in any part of the case.

_SCAR_HISTORY = frozenset(("hypertrophic-scar", "keloid"))  # words of the history
_NOT_DENIED = r"(?<!\bno )(?<!\bnot )(?<!\bwithout )(?<!\bneither )(?<!\bkein )(?<!\bkeine )(?<!\bohne )(?<!\bweder )"
_RAISED_SCAR = (
    r"(?:(?:hypertrophic|raised)\s+scar(?:s|ring)?|(?:hypertrophe|wulstige|erhabene)n?\s+narben?|wulstnarben?)"
)
_SCAR_PATTERNS = {
    "keloid": re.compile(rf"{_NOT_DENIED}\bkeloid[se]?\b"),
    "hypertrophic-scars": re.compile(rf"{_NOT_DENIED}\b{_RAISED_SCAR}\b"),
}


def conditions_in_case(case: Case) -> tuple[str, ...]:
    """Return the conditions of the concerns and earlier sessions, and raised scars after sessions, each once."""
    return _conditions_of(case.concern, case.session)


def _conditions_of(concerns: Iterable[Concern], sessions: Sequence[EarlierSession]) -> tuple[str, ...]:
    adverse_text = " ; ".join(text for done in sessions for text in done.adverse).casefold()
    came = (condition for condition, words in _SCAR_PATTERNS.items() if words.search(adverse_text))
    named = [*(concern.condition for concern in concerns), *(done.treats for done in sessions), *came]
    return tuple(dict.fromkeys(named))


def forms_raised_scars(case: Case) -> bool:
    """Return whether the person has or had a keloid or another raised scar, anywhere on the skin."""
    return _has_raised_scars(case, case.concern, case.session)


def has_other_raised_scars(case: Case, treated: Concern) -> bool:
    """Return whether the person has or had raised scars beside the one that is treated, by which a new one may come.

    Sessions that treated such a scar are about it, whatever they report.
    """
    concerns = [concern for concern in case.concern if concern != treated]
    sessions = [
        done for done in case.session if done.treats != treated.condition or treated.condition not in RAISED_SCARS
    ]
    return _has_raised_scars(case, concerns, sessions)


def _has_raised_scars(case: Case, concerns: Iterable[Concern], sessions: Sequence[EarlierSession]) -> bool:
    history = case.patient.history if case.patient is not None else ()
    return not (_SCAR_HISTORY.isdisjoint(history) and set(RAISED_SCARS).isdisjoint(_conditions_of(concerns, sessions)))
