"""Draw the skins that represent this person, from what is known of the skin colour, and resolve conflicts about it.

Precedence: a measured ITA, a reflectance reading, a photograph with a white card, the phototype. Where two of them
exclude each other, or an uncalibrated photograph looks darker, limits are computed for the darker skin; no conflict
makes a plan assume lighter skin.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.model.case import Case
from skinbeam.model.consultation import Patient
from skinbeam.model.document import round_significant
from skinbeam.model.estimate import Unknown
from skinbeam.model.exposure import Lesion
from skinbeam.model.exposure import Skin as SkinTable
from skinbeam.model.sources import SourcedValue
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.model.vocabulary import phototype_range as grade_ends
from skinbeam.simulate.appearance import ita_of_reading
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.melanin import ita_range_deg, matching_phototypes
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.vessels import VesselPopulation
from skinbeam.text import DocumentWarning, Message

if TYPE_CHECKING:
    from skinbeam.photo.colour import PhotoColour

__all__ = ["PersonColour", "SkinPlace", "assess_colour", "case_with_colour", "draw_skins", "list_lighter_colours"]


_READING_DRAWS = 1000  # skins of all colours, of which one in fifty or so agrees with a reading


@dataclass(frozen=True)
class PersonColour:
    """The skin colour that a plan uses.

    Parameters
    ----------
    ita_deg : measured colour of the target skins; None leaves it to the phototype or the population.
    darkest_ita_deg, darkest_phototype : the darkest colour that the answers allow, for limits; equal to the others
        where there is no conflict and no range of phototypes.
    basis : what the colour is based on, in words.
    warnings : conflicts.
    melanin_factors : sites that have more melanin than the face on a photograph, each with the least ratio to the face.
    is_contradictory : whether the measured colour fits no such phototype.
    """

    ita_deg: float | None
    phototype: str | None
    darkest_ita_deg: float | None
    darkest_phototype: str | None
    basis: Message
    warnings: tuple[DocumentWarning, ...] = ()
    melanin_factors: tuple[tuple[str, float], ...] = ()
    is_contradictory: bool = False

    @property
    def has_darker_limits(self) -> bool:
        """Whether limits are computed for a darker skin than the target's."""
        return (self.ita_deg, self.phototype) != (self.darkest_ita_deg, self.darkest_phototype)

    def melanin_factor_at(self, site: str) -> float:
        """Return the factor on the person's melanin that limits at a site are computed for: never less than 1."""
        return dict(self.melanin_factors).get(site, 1.0)


def assess_colour(case: Case, photo_colour: "PhotoColour | Unknown | None") -> PersonColour:
    """Return the skin colour of a consultation's person.

    Parameters
    ----------
    photo_colour : the colour on the photograph; None without one. Only with a card may it replace a phototype; without
        one it counts where it is darker than the colour that the plan already assumes.
    """
    patient = case.patient
    assert patient is not None  # a consultation has one
    if measured := case.measured_ita_deg:
        return _reconcile_phototype(measured[0], patient, "colour-basis.measured")
    read = _ita_of_reading(case)
    if isinstance(read, float):
        return _reconcile_phototype(read, patient, "colour-basis.reading")
    colour = _assess_unmeasured_colour(patient, photo_colour)
    return colour if read is None else replace(colour, warnings=(read, *colour.warnings))


def _assess_unmeasured_colour(patient: Patient, photo_colour: "PhotoColour | Unknown | None") -> PersonColour:
    """Return the colour by a photograph with a card, else by the phototype."""
    if photo_colour is not None and not isinstance(photo_colour, Unknown) and photo_colour.calibrated:
        printed_ita_deg = round_significant(
            photo_colour.ita_deg.median
        )  # so that the plan uses the value that the report prints
        return _reconcile_phototype(printed_ita_deg, patient, "colour-basis.card")
    if patient.phototype is None:
        return PersonColour(None, None, None, None, Message("colour-basis.none"))
    darkest = _darkest_of(patient.phototype)
    is_range = darkest != patient.phototype
    params = {"phototype": patient.phototype} | ({"darkest": darkest} if is_range else {})
    basis = Message(f"colour-basis.phototype{'-range' if is_range else ''}", params)
    darker = _darker_photo_ita_deg(photo_colour, patient.phototype)
    if darker is None:
        return PersonColour(None, patient.phototype, None, darkest, basis)
    warning = DocumentWarning("photo-looks-darker", Message("colour.photo-looks-darker"))
    return PersonColour(None, patient.phototype, darker, None, basis, (warning,))


def case_with_colour(case: Case, colour: PersonColour) -> Case:
    """Return the case with the colour that a photograph showed, if any, for the rules to read.

    A photograph with a card is a measurement; one without may make the stated colour darker, and never lighter, since
    the rules take the darkest skin that a case allows.
    """
    patient = case.patient
    assert patient is not None  # a consultation has one
    if colour.darkest_ita_deg is None or patient.ita_deg is not None:
        return case
    seen = patient.model_copy(update={"ita_deg": colour.darkest_ita_deg})
    return case.model_copy(update={"patient": seen})


def list_lighter_colours(colour: PersonColour) -> tuple[PersonColour, ...]:
    """Return colours that are lighter than the target's, the lightest first; empty where nothing is known of it.

    The first is the lightest that the model knows, so that a colour that was not measured gets no higher dose than a
    measured one; then follow, for a measured colour, the borders between the classes above it, and for a phototype the
    lighter ones.
    """
    lightest = _single_colour(ita_deg=ita_range_deg()[1])
    if colour.ita_deg is not None:
        bounds = [bound for bound in fact_tables().ita_bounds_deg if bound > colour.ita_deg]
        above = (lightest,) if colour.ita_deg < ita_range_deg()[1] else ()
        return (*above, *(_single_colour(ita_deg=bound) for bound in bounds))
    if colour.phototype is not None:
        names = PHOTOTYPES[: grade_ends(colour.phototype)[0] - 1]
        return (lightest, *(_single_colour(phototype=name) for name in names))
    return ()


def _single_colour(ita_deg: float | None = None, phototype: str | None = None) -> PersonColour:
    return PersonColour(ita_deg, phototype, ita_deg, phototype, Message("colour-basis.none"))


def _reconcile_phototype(ita_deg: float, patient: Patient, basis: str) -> PersonColour:
    """Combine a measured colour with a phototype: where they exclude each other, the darker one sets the limits."""
    message = Message(basis, {"ita_deg": ita_deg})
    if patient.phototype is None:
        return PersonColour(ita_deg, None, ita_deg, None, message)
    fitting = grade_ends(matching_phototypes(ita_deg))
    reported = grade_ends(patient.phototype)
    if fitting[0] <= reported[1] and reported[0] <= fitting[1]:
        return PersonColour(ita_deg, patient.phototype, ita_deg, patient.phototype, message)
    params = {"phototype": patient.phototype, "ita_deg": ita_deg}
    warning = DocumentWarning("colour-conflict", Message("colour.conflict", params))
    is_reported_darker = reported[0] > fitting[1]
    dark_ita_deg, dark_phototype = (None, _darkest_of(patient.phototype)) if is_reported_darker else (ita_deg, None)
    return PersonColour(
        ita_deg, patient.phototype, dark_ita_deg, dark_phototype, message, (warning,), is_contradictory=True
    )


def _ita_of_reading(case: Case) -> float | DocumentWarning | None:
    """Return the colour of skin with the melanin that a reflectance reading shows; None without a reading.

    Only the melanin is taken from it. To weight the draws by the reading would leave one in ten of them, too few for
    the limits of a plan. A reading that shows no melanin of human skin gives a warning instead.
    """
    if case.skin is None or case.skin.reflectance is None:
        return None
    skin = case.skin.model_copy(update={"reflectance": None})
    anyone = SkinDistribution.from_case(Case.model_construct(skin=skin))
    found = ita_of_reading(anyone, case.skin.reflectance, draws=_READING_DRAWS, seed=0)
    return found if isinstance(found, DocumentWarning) else round_significant(found)


def _darkest_of(phototype: str) -> str:
    """Return the darkest phototype of a range, which nobody who states it is darker than."""
    return PHOTOTYPES[grade_ends(phototype)[1] - 1]


def _darker_photo_ita_deg(photo_colour: "PhotoColour | Unknown | None", phototype: str) -> float | None:
    """Return the upper end of an uncalibrated photograph's colour if even that is darker than the phototype's range."""
    if photo_colour is None or isinstance(photo_colour, Unknown):
        return None
    upper = round_significant(photo_colour.ita_deg.high)
    return upper if grade_ends(matching_phototypes(upper))[0] > grade_ends(phototype)[1] else None


@dataclass(frozen=True)
class SkinPlace:
    """Which of a person's skin is drawn.

    Parameters
    ----------
    lesion : kind of the lesion in it, or None for the skin around.
    vessels : population of the vessels when they are the target; None means those of healthy skin.
    limiting : whether to take the darker skin that limits are computed for.
    """

    site: str
    lesion: str | None = None
    vessels: VesselPopulation | None = None
    limiting: bool = False


def draw_skins(case: Case, colour: PersonColour, place: SkinPlace, *, draws: int, seed: int) -> SkinSample:
    """Return draws of this person's skin at a place."""
    patient = case.patient
    assert patient is not None  # a consultation has one
    ita = colour.darkest_ita_deg if place.limiting else colour.ita_deg
    phototype = colour.darkest_phototype if place.limiting else colour.phototype
    described = Case.model_construct(
        patient=patient.model_copy(update={"ita_deg": ita, "phototype": phototype}),
        skin=(case.skin or SkinTable()).model_copy(update={"site": place.site, "ita_deg": ita, "reflectance": None}),
        lesion=[Lesion(kind=place.lesion)] if place.lesion is not None else [],
    )
    skin = replace(SkinDistribution.from_case(described), population=place.vessels)
    times = colour.melanin_factor_at(place.site) if place.limiting else 1.0
    if times > 1.0:
        fixed_ratio = SourcedValue(
            times, times, times, "fixed", "skinbeam2026photo", "melanin over the face's in a photograph"
        )
        skin = replace(skin, melanin_ratio=fixed_ratio)
    return skin.sample(draws, seed)
