"""Tables of drawn dark spots: how many were told by size, colour, tone and place, and alarms on plain pictures."""

from collections.abc import Sequence
from functools import cache
from itertools import product

from parts.markdown import table
from research.photo_checks.dark_spots import COLOURS, PLACES, SHIPPED, SIZES_MM, TONES, SpotCounts, load_counts
from research.photo_checks.wide_spots import DENSITIES, WideSpotCount, load_wide_counts
from research.photo_checks.wide_spots import SIZES_MM as WIDE_MM

__all__ = ["alarms", "by_place", "by_tone", "wide_by_tone"]


@cache
def _spots() -> tuple[SpotCounts, ...]:
    return load_counts(SHIPPED)[0]


def by_tone() -> str:
    """Spots that were told, by colour and size, and by the tone of the skin."""
    rows = []
    for colour, size in product(COLOURS, SIZES_MM):
        mine = [spot for spot in _spots() if (spot.colour, spot.size_mm) == (colour, size)]
        rows.append(
            (f"{colour}, {size:g} mm", *(_share([spot for spot in mine if spot.tone == tone]) for tone in TONES))
        )
    wide = [spot for spot in _spots() if spot.size_mm >= 5]
    for name, chosen in (
        ("all of 5 mm and more", wide),
        ("the same, portraits kept aside", [spot for spot in wide if spot.aside]),
        ("the same, ragged", [spot for spot in wide if spot.ragged]),
        ("all of 3 mm", [spot for spot in _spots() if spot.size_mm < 5]),
    ):
        rows.append((name, *_shares(chosen)))
    return table(("drawn", *TONES), rows)


def by_place() -> str:
    """Spots that were told, by place and size."""
    rows = [
        (place, *(_share([s for s in _spots() if (s.place, s.size_mm) == (place, size)]) for size in SIZES_MM))
        for place in PLACES
    ]
    return table(("place", *(f"{size:g} mm" for size in SIZES_MM)), rows)


def alarms() -> str:
    """Plain pictures on which something is marked as to be seen by a doctor."""
    pictures = load_counts(SHIPPED)[1]
    rows = []
    for name, chosen in (
        ("portraits as they are", [one for one in pictures if not one.other_melanin]),
        ("of these, kept aside", [one for one in pictures if not one.other_melanin and one.aside]),
        ("copies with other melanin", [one for one in pictures if one.other_melanin]),
    ):
        dark, seen = sum(one.dark_spots > 0 for one in chosen), sum(one.to_be_seen > 0 for one in chosen)
        rows.append((name, str(len(chosen)), str(dark), str(seen)))
    return table(("plain pictures", "number", "with a very dark spot", "with any spot that a doctor must see"), rows)


def wide_by_tone() -> str:
    """Wide brown spots with the notice for a doctor, by size and density, and by the tone of the skin."""
    spots = load_wide_counts()
    clear = [spot for spot in spots if spot.density >= 0.6]
    chosen = [
        (f"{size:g} mm, density {density:g}", [s for s in spots if (s.size_mm, s.density) == (size, density)])
        for size, density in product(WIDE_MM, DENSITIES)
    ]
    chosen += [
        ("all of 0.6 and 0.8", clear),
        ("the same, drawn after the limits were set", [spot for spot in clear if spot.round == 2]),
        ("the same, ragged", [spot for spot in clear if spot.ragged]),
        ("the same, soft edge", [spot for spot in clear if spot.soft]),
    ]
    rows = [
        (name, *(_detected_of([s for s in own if s.tone == tone]) for tone in TONES), _detected_of(own))
        for name, own in chosen
    ]
    return table(("drawn", *TONES, "all"), rows)


def _detected_of(spots: Sequence[WideSpotCount]) -> str:
    return f"{sum(spot.detection for spot in spots)} of {len(spots)}"


def _shares(spots: Sequence[SpotCounts]) -> list[str]:
    """Return the share that was told, for each tone."""
    return [_share([spot for spot in spots if spot.tone == tone]) for tone in TONES]


def _share(spots: Sequence[SpotCounts]) -> str:
    return f"{sum(spot.detection for spot in spots)} of {len(spots)}" if spots else "none drawn"
