"""Tables of drawn very dark spots: how many were told by size, colour, tone and place, and alarms on plain pictures."""

from collections.abc import Sequence
from functools import cache
from itertools import product

from parts.markdown import table
from research.photo_checks.dark_spots import COLOURS, PLACES, SHIPPED, SIZES_MM, TONES, SpotCounts, load_counts

__all__ = ["alarms", "by_place", "by_tone"]


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


def _shares(spots: Sequence[SpotCounts]) -> list[str]:
    """Return the share that was told, for each tone."""
    return [_share([spot for spot in spots if spot.tone == tone]) for tone in TONES]


def _share(spots: Sequence[SpotCounts]) -> str:
    return f"{sum(spot.detection for spot in spots)} of {len(spots)}" if spots else "none drawn"
