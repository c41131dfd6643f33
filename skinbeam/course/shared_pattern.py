"""Which pattern of columns is fired where one renews several concerns of a field, and which concerns one pass treats.

Deeper columns renew the layers on their way, and a second pattern would add to their density, so the deepest setting
among the concerns of a visit treats all of them, and their own settings are not fired. Nor is a setting fired again for
a concern of the same skin that is planned with the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.assessment.questionnaire import site_holds
from skinbeam.course.setting_words import describe_settings_after_title
from skinbeam.plan_records.course import DeviceSetup, MicrobeamSetting, Visit
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.response.column_energy import HEATED_COLUMNS, HeatedBeam, heated_depth_um
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import Message

__all__ = [
    "ColumnPattern",
    "SharedPattern",
    "find_deepest",
    "first_pattern",
    "list_shared_patterns",
    "list_treated_with",
    "places_begun_deeper",
]


@dataclass(frozen=True)
class ColumnPattern:
    """The setting of a laser for a concern, of which a visit may fire one for several."""

    condition: str
    site: str
    modality: str
    setup: DeviceSetup

    def renews_with(self, other: "ColumnPattern") -> bool:
        """Return whether one pattern of columns of one light treats both: lines, texture and looseness of a field."""
        both = (self.setup, other.setup)
        return (
            self.setup.device == other.setup.device
            and self.setup.wavelength_nm == other.setup.wavelength_nm
            and all(isinstance(setup.settings.microbeam, MicrobeamSetting) for setup in both)
            and self.modality == other.modality
            and self.site == other.site
            and {self.condition, other.condition} <= set(course_rules().renewed_together)
        )

    @property
    def depth_order(self) -> tuple[float, float]:
        """What orders patterns of one light by depth, then the density.

        A crater is the deeper the more energy a column has on its cross-section. A column of heat also widens, and a
        narrow one loses its heat sooner, so that its depth is that of a derived table.
        """
        beam = self.setup.settings.columns
        if beam is None:
            return (0.0, 0.0)
        if self.modality != HEATED_COLUMNS:
            return (beam.energy_mJ / beam.diameter_um**2, beam.density_per_cm2)
        depth_um = heated_depth_um(beam.energy_mJ, HeatedBeam(self.setup.wavelength_nm, beam.diameter_um))
        return (depth_um, beam.density_per_cm2)


def first_pattern(concern: ConcernPlan) -> ColumnPattern | None:
    """Return the setting of the first laser of a concern; None without one."""
    if concern.first_laser is None:
        return None
    option, setup = concern.first_laser
    return ColumnPattern(concern.condition, concern.site, option.modality, setup)


def find_deepest(place: int, patterns: Sequence[ColumnPattern]) -> int:
    """Return the index of the pattern that a visit fires for that of an index, which is its own where no other is."""
    own = patterns[place]
    together = [index for index, other in enumerate(patterns) if index == place or other.renews_with(own)]
    deepest = max(together, key=lambda index: patterns[index].depth_order)
    return place if patterns[deepest].setup.settings == own.setup.settings else deepest


@dataclass(frozen=True)
class SharedPattern:
    """A concern that the columns of another one treat in visits of a course, in place of its own.

    Parameters
    ----------
    carrier, option, setup : the concern whose columns are fired, with its laser.
    concern : the concern that they treat, too.
    visits : the numbers of these visits.
    """

    carrier: ConcernPlan
    option: Option
    setup: DeviceSetup
    concern: ConcernPlan
    visits: tuple[int, ...]

    def message_on(self, concern: ConcernPlan, option: Option) -> Message | None:
        """Return what an option of a concern has to say of it; None where it is none of the two."""
        first = concern.first_laser
        if first is None or first[0] != option:
            return None
        visits = list(self.visits)
        if concern.place == self.carrier.place:
            return Message("course.carries-pattern", {"visits": visits, "concern": self.concern.title})
        if concern.place == self.concern.place:
            words = describe_settings_after_title(self.setup)
            return Message(
                "course.pattern-of-other", {"visits": visits, "deepest": self.carrier.title, "settings": words}
            )
        return None


def list_shared_patterns(concerns: Sequence[ConcernPlan], course: Sequence[Visit]) -> tuple[SharedPattern, ...]:
    """Return the concerns of a plan that its course treats with the columns of another one."""
    visits: dict[tuple[str, str], list[int]] = {}
    lasers = {concern.place: (concern, *concern.first_laser) for concern in concerns if concern.first_laser is not None}
    for visit in course:
        present, patterns = _patterns_of(visit, concerns)
        for index, concern in enumerate(present):
            deepest = find_deepest(index, patterns)
            if deepest != index:
                visits.setdefault((present[deepest].place, concern.place), []).append(visit.session)
    return tuple(
        SharedPattern(*lasers[carrier], lasers[place][0], tuple(numbers))
        for (carrier, place), numbers in visits.items()
    )


def places_begun_deeper(concerns: Sequence[ConcernPlan], course: Sequence[Visit]) -> set[str]:
    """Return the places of concerns whose first visit fires the deeper columns of another one.

    What their skin bears of those it bears of their own, which later visits may fire.
    """
    first = {place: visit.session for visit in reversed(course) for place in visit.treats}
    return {
        pattern.concern.place
        for pattern in list_shared_patterns(concerns, course)
        if first[pattern.concern.place] in pattern.visits
    }


def list_treated_with(
    concern: ConcernPlan, concerns: Sequence[ConcernPlan], course: Sequence[Visit]
) -> tuple[ConcernPlan, ...]:
    """Return the other concerns that a pass with the first laser of a concern treats in visits of a course.

    They lie on skin that the pass covers, and are planned with its setting or have its columns in place of their own.
    There are none where its own setting is not fired.
    """
    found: dict[str, ConcernPlan] = {}
    for visit in course:
        present, patterns = _patterns_of(visit, concerns)
        fired = [patterns[find_deepest(index, patterns)].setup for index in range(len(patterns))]
        own = next((index for index, other in enumerate(present) if other.place == concern.place), None)
        if own is None or fired[own].settings != patterns[own].setup.settings:
            continue
        for other, setup in zip(present, fired, strict=True):
            is_same_pass = (setup.device, setup.settings) == (fired[own].device, fired[own].settings)
            if other.place != concern.place and is_same_pass and site_holds(concern.site, other.site):
                found.setdefault(other.place, other)
    return tuple(found.values())


def _patterns_of(visit: Visit, concerns: Sequence[ConcernPlan]) -> tuple[list[ConcernPlan], list[ColumnPattern]]:
    """Return the concerns of a visit that have a laser, in the order of the plan, and what it is set to for each."""
    treated = [(concern, first_pattern(concern)) for concern in concerns if concern.place in visit.treats]
    present = [(concern, pattern) for concern, pattern in treated if pattern is not None]
    return [concern for concern, _ in present], [pattern for _, pattern in present]
