"""Compare a setting with published practice: inside, above or below it and by which factor, or without any."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from skinbeam.evidence.synthesis.regime import pulse_class_matters
from skinbeam.model.conditions import known_conditions
from skinbeam.model.sources import cite_sources
from skinbeam.published_doses.settings import PrintedColumns
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.envelope import PracticeEnvelope, PracticeLight, PublishedRange, find_envelope
from skinbeam.response.envelope_rules import envelope_rules
from skinbeam.response.settings import light_of_setting
from skinbeam.text import Message

__all__ = [
    "ENERGY",
    "FLUENCE",
    "PracticePlace",
    "columns_parameters",
    "dose_span",
    "place_candidate",
    "place_dose",
    "place_setting",
    "practice_light",
    "unpublished_quantities",
]

PracticeSide = Literal["inside", "above", "below", "lowered", "no dose", "no practice"]
FLUENCE, ENERGY = "fluence_J_cm2", "microbeam_mJ"


@dataclass(frozen=True)
class PracticePlace:
    """Comparison of a setting with the published ones of its condition, its light and such skin.

    Parameters
    ----------
    side : of the quantity that is farthest out; "no practice" where nobody published such light for the condition,
        "no dose" where nobody who did printed a dose of it; "lowered" where a plan gives less for the sake of the skin.
    quantity, factor : that quantity, and how far out it is as a ratio; inside, empty and 1.
    low, high : published range of it; None inside and without practice.
    unpublished_quantities : quantities of the setting that no source prints, so that they cannot be compared.
    sources : of the settings, each once.
    message : the result in a sentence.
    """

    side: PracticeSide
    quantity: str
    factor: float
    low: float | None
    high: float | None
    unpublished_quantities: tuple[str, ...]
    sources: tuple[str, ...]
    message: Message

    @property
    def is_inside(self) -> bool:
        """Whether every quantity is within the published range."""
        return self.side == "inside"

    @property
    def is_beyond(self) -> bool:
        """Whether it is outside practice by more than that a plan lowered the dose for the sake of the skin."""
        return self.side not in ("inside", "lowered")


def practice_light(trial: CandidateSetting, modality: str) -> PracticeLight:
    """Return the light of a trial of the search, as practice classifies it."""
    return light_of_setting(modality, trial.machine.device, trial.setting)


def place_candidate(
    trial: CandidateSetting,
    condition: str,
    modality: str,
    phototype: int | None,
    *,
    dose_range: PublishedRange | None = None,
) -> PracticePlace:
    """Return the place of a trial of the search beside published practice.

    Parameters
    ----------
    dose_range : the published range of its dose; None for that of clinics and trials.
    """
    return place_setting(
        condition,
        practice_light(trial, modality),
        phototype,
        spot_mm=None if trial.machine.device.microbeam else trial.setting.spot_mm,
        dose=trial.dose,
        density_per_cm2=trial.density_per_cm2,
        passes=trial.passes,
        dose_range=dose_range,
    )


def unpublished_quantities(
    trial: CandidateSetting, condition: str, modality: str, phototype: int | None
) -> dict[str, Message]:
    """Return how far pulse and spot of a trial are outside those that were published, by the quantity that is."""
    light = practice_light(trial, modality)
    envelope = find_envelope(condition, light, phototype)
    if envelope is None:
        return {"pulse_ms": Message("practice.none", {"condition": known_conditions()[condition].title})}
    given = {"pulse_ms": light.pulse_ms}
    if not trial.machine.device.microbeam:  # whose width sources do not print
        given["spot_mm"] = trial.setting.spot_mm
    places = (
        _QuantityPlace(name, value, span)
        for name, value in given.items()
        if (span := envelope.published_range(name)) is not None
    )
    return {place.name: _outside_message(place) for place in places if place.factor != 1.0}


def place_setting(
    condition: str,
    light: PracticeLight,
    phototype: int | None,
    *,
    spot_mm: float | None,
    dose: float,
    density_per_cm2: float | None = None,
    passes: int = 1,
    dose_range: PublishedRange | None = None,
) -> PracticePlace:
    """Return the place of a setting beside published practice.

    Parameters
    ----------
    phototype : 1 to 6; where it is unknown, the setting is compared with that of the darkest skins.
    spot_mm : None with microbeams, whose width sources do not print.
    dose : in J/cm², or with a density in mJ of one microbeam.
    density_per_cm2 : of one pass.
    dose_range : the published range of the dose; None for that of clinics and trials.
    """
    envelope = find_envelope(condition, light, phototype)
    if envelope is None:
        none = Message("practice.none", {"condition": known_conditions()[condition].title})
        return PracticePlace("no practice", "", 1.0, None, None, (), (), none)
    quantity = FLUENCE if density_per_cm2 is None else ENERGY
    given = {
        quantity: dose,
        "wavelength_nm": light.wavelength_nm if light.lamp else None,
        "pulse_ms": light.pulse_ms,
        "spot_mm": spot_mm,
        "density_per_cm2": None if density_per_cm2 is None else density_per_cm2 * passes,
    }
    spans = {name: envelope.published_range(name) for name in given if name != quantity}
    spans[quantity] = dose_range or envelope.dose_range(quantity, pulse_ms=light.pulse_ms, spot_mm=spot_mm)
    asked = {name: value for name, value in given.items() if value is not None}
    compared = [_QuantityPlace(name, value, span) for name, value in asked.items() if (span := spans[name]) is not None]
    unprinted = tuple(name for name in asked if spans[name] is None)
    cite_sources(*envelope.sources, *(source for quantity in compared for source in quantity.span.sources))
    place = _make_place(envelope, spans[quantity], compared, unprinted)
    if quantity in unprinted and quantity == FLUENCE and not _has_visible_endpoint(light.modality):
        return replace(
            place, side="no dose", quantity="", factor=1.0, low=None, high=None, message=_no_dose_message(condition)
        )
    return _with_columns(place, spans[quantity])


def place_dose(
    condition: str, dose: float, span: PublishedRange, quantity: str, *, is_planned: bool = True
) -> PracticePlace:
    """Return the place of a dose beside the published range that proposed it.

    A dose below the range is lowered where a plan gives it, and where the range is that of lighter skin.

    Parameters
    ----------
    is_planned : whether a plan chose the dose, which it does below the range only for the sake of the skin.
    """
    place = _QuantityPlace(quantity, dose, span)
    side: PracticeSide = "inside" if place.factor == 1.0 else "above" if place.ratio > 1 else "below"
    if side == "below" and (is_planned or not span.includes_phototype):
        side = "lowered"
    is_inside = side == "inside"
    found = PracticePlace(
        side=side,
        quantity="" if is_inside else quantity,
        factor=1.0 if is_inside else place.factor,
        low=None if is_inside else span.low,
        high=None if is_inside else span.high,
        unpublished_quantities=(),
        sources=span.sources,
        message=_inside_message(condition, span.condition, len(span.sources), dosed=True)
        if is_inside
        else _outside_message(place, is_lowered=side == "lowered"),
    )
    return _with_columns(found, span)


def dose_span(low: float, high: float, unit: str) -> Message:
    """Return a range of doses in words; a single one where both ends are the same."""
    if low == high:
        return Message("plan.dose-single", {"dose": low, "unit": unit})
    return Message("plan.dose-span", {"low": low, "high": high, "unit": unit})


def columns_parameters(columns: PrintedColumns) -> dict[str, Message]:
    """Return printed energies of microbeams and the diameters of their beams, as parameters of a message."""
    if columns.low_um == columns.high_um:
        beams = Message("plan.beam-single", {"um": columns.low_um})
    else:
        beams = Message("plan.beam-span", {"low": columns.low_um, "high": columns.high_um})
    return {"printed": dose_span(columns.low_mJ, columns.high_mJ, "mJ"), "beams": beams}


def _with_columns(place: PracticePlace, span: PublishedRange | None) -> PracticePlace:
    """Return a place whose message names the printed energies, where it is about those of a range of other beams."""
    if span is None or span.columns is None or place.quantity not in ("", ENERGY):
        return place
    params = {"place": place.message, **columns_parameters(span.columns)}
    return replace(place, message=Message("practice.other-columns", params))


def _outside_message(place: "_QuantityPlace", *, is_lowered: bool = False) -> Message:
    params = {
        "quantity": Message(f"practice-quantity.{place.name}"),
        "factor": place.factor,
        "low": place.span.low,
        "high": place.span.high,
    }
    if is_lowered:
        return Message("practice.lowered" if place.span.includes_phototype else "practice.below-lighter", params)
    return Message("practice.above" if place.ratio > 1 else "practice.below", params)


def _has_visible_endpoint(modality: str) -> bool:
    """Return whether the skin itself shows at once that the dose is enough, so that sources need not print it.

    It is removed, or it whitens under a short pulse. Light that heats shows its effect later, or as a burn.
    """
    return modality == "ablative" or pulse_class_matters(modality)


def _no_dose_message(condition: str) -> Message:
    return Message("practice.no-dose", {"condition": known_conditions()[condition].title})


def _inside_message(requested: str, whose: str, sources: int, *, dosed: bool) -> Message:
    if dosed and whose == requested:
        return Message("practice.inside", {"sources": sources})
    # Practice contains conditions that a plan does not treat.
    title = known_conditions()[whose].title if whose in known_conditions() else whose.replace("-", " ")
    message = "practice.inside-borrowed" if dosed else "practice.inside-undosed"
    return Message(message, {"condition": title[:1].lower() + title[1:], "sources": sources})


@dataclass(frozen=True)
class _QuantityPlace:
    """A quantity of a setting with its published range."""

    name: str
    value: float
    span: PublishedRange

    @property
    def ratio(self) -> float:
        """The value over the end of the range that it passes; 1 inside."""
        inside = min(max(self.value, self.span.low), self.span.high)
        ratio = self.value / inside
        return ratio if max(ratio, 1 / ratio) > envelope_rules().rounding_ratio else 1.0

    @property
    def factor(self) -> float:
        """The factor by which the value is outside the range."""
        return max(self.ratio, 1 / self.ratio)


def _make_place(
    envelope: PracticeEnvelope,
    dose: PublishedRange | None,
    places: Sequence[_QuantityPlace],
    unprinted: tuple[str, ...],
) -> PracticePlace:
    whose = dose.condition if dose is not None else envelope.nearest_condition[0]
    sources = tuple(dict.fromkeys((*envelope.sources, *(source for place in places for source in place.span.sources))))
    inside = PracticePlace(
        side="inside",
        quantity="",
        factor=1.0,
        low=None,
        high=None,
        unpublished_quantities=unprinted,
        sources=sources,
        message=_inside_message(envelope.condition, whose, len(sources), dosed=dose is not None),
    )
    farthest = max(places, key=lambda place: place.factor, default=None)
    if farthest is None or farthest.factor == 1.0:
        return inside
    side: PracticeSide = "above" if farthest.ratio > 1 else "below"
    return replace(
        inside,
        side=side,
        quantity=farthest.name,
        factor=farthest.factor,
        low=farthest.span.low,
        high=farthest.span.high,
        message=_outside_message(farthest),
    )
