"""Tables of published doses: how many there are, and what the fit foretells of each that can be posed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp
from statistics import mean, median, quantiles
from typing import Any

from parts.markdown import table
from research.burn_calibration.scenarios import exclusion_reason
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.vocabulary import phototype_range
from skinbeam.published_doses.calibration import BURN_CLASS, LASER_FAMILIES
from skinbeam.published_doses.rows import PracticeRow, practice_rows

__all__ = ["cells", "fit", "published_doses", "routine", "rows", "unposed"]


def published_doses() -> str:
    """How many rows there are, with whom they counted and whom they hurt, by light and skin."""
    cells: dict[str, dict[str, list[PracticeRow]]] = {}
    for row in practice_rows():
        cells.setdefault(_light(row), {}).setdefault(_skin(row), []).append(row)
    lights = sorted(cells, key=list(_LIGHTS).index)
    lines = [(light, *(_counts(cells[light].get(skin, [])) for skin in _SKINS)) for light in lights]
    total = ("together", *(_counts([row for row in practice_rows() if _skin(row) == skin]) for skin in _SKINS))
    return table(("light", *_SKINS), [*lines, total])


# Upper ends in nm of what stands in one line; pulses of nanoseconds and less apart from longer ones.
_SHORT_MS = 1e-3
_SHORT_WORDS = ("qs ", "nanosec", "picosec", "q-switched")
_LONG_WORDS = ("ktp", "millisec")
_LIGHTS = {
    "532 nm, nanoseconds and less": 540,
    "532 nm, milliseconds": 540,
    "532 nm, pulse not printed": 540,
    "dye lasers and 577 to 600 nm": 600,
    "694 to 760 nm": 760,
    "800 to 980 nm": 980,
    "1064 nm": 1100,
    "1320 to 1940 nm": 2000,
    "2790 to 10600 nm": 20_000,
    "lamps": 0,
    "no light, or its wavelength not printed": 0,
}
_SKINS = ("I to III", "to IV", "some of V or VI", "V and VI alone", "not printed")
_DARK, _DARKEST = 4, 5


def _light(row: PracticeRow) -> str:
    words = row.device.lower()
    if row.wavelength_nm is None:
        name = "dye lasers and 577 to 600 nm" if "dye" in words else list(_LIGHTS)[-1]
        return "lamps" if "lamp" in words or "ipl" in words else name
    name = next(name for name, end in _LIGHTS.items() if end and row.wavelength_nm <= end)
    if not name.startswith("532"):
        return name
    pulse_ms = (row.pulse_ms or (None,))[0]
    if any(word in words for word in _SHORT_WORDS) or (pulse_ms is not None and pulse_ms < _SHORT_MS):
        return "532 nm, nanoseconds and less"
    is_long = pulse_ms is not None or any(word in words for word in _LONG_WORDS)
    return "532 nm, milliseconds" if is_long else "532 nm, pulse not printed"


def _skin(row: PracticeRow) -> str:
    if not row.phototype:
        return "not printed"
    low, high = phototype_range(row.phototype)
    if low >= _DARKEST:
        return "V and VI alone"
    return "some of V or VI" if high >= _DARKEST else "to IV" if high == _DARK else "I to III"


def _counts(rows: list[PracticeRow]) -> str:
    harms = [row.harm for row in rows if row.harm]
    counted, hurt = sum(h.has_count for h in harms), sum(h.counts_skin_injury for h in harms)
    return f"{len(rows)} ({counted}, {hurt})" if rows else ""


def rows() -> str:
    """Every row that a fit sees: what was reported beside what the fit foretells that has not seen its counts."""
    checks, seen = load_derived_table("practice_checks"), _rows_by_name()
    rows = []
    for side, name in (("left_out", "left out"), ("kept_aside", "held out")):
        for row in checks[side]:
            comparison, reported, interval = seen[row["row"]], _REPORTED.get(row["kind"], ""), ""
            if row["kind"] == "counted":
                reported = f"{row['harmed']} of {row['of']}"
                interval = f"{row['low']} to {row['high']}" + ("" if row["holds"] else ", missed")
            light, over = comparison["family"], ""
            if "over_computed" in comparison:
                light = f"{comparison['wavelength_nm']:.0f} nm, {comparison['pulse_ms']:.3g} ms"
                over = f"{exp(mean(comparison['over_computed'])):.2g}"
            skin = comparison.get("phototype", "")
            rows.append((row["row"], name, light, skin, over, _in_100(row["share"]), reported, interval))
    head = ("row", "fit", "light", "phototype", "dose over computed", "predicted, %", "reported", "80 % interval")
    return table(head, rows)


_REPORTED = {"given": "not counted", "begins": "harm begins"}


def cells() -> str:
    """Predicted against counted burns, by family of light, of sources left out and of held-out sources."""
    checks = load_derived_table("practice_checks")
    lines = []
    for side, name in (("left_out", "left out"), ("kept_aside", "held out")):
        counted = [row for row in checks[side] if row["kind"] == "counted"]
        families = sorted({_rows_by_name()[row["row"]]["family"] for row in counted})
        for family in families:
            lines.append(
                _cell(name, family, [row for row in counted if _rows_by_name()[row["row"]]["family"] == family])
            )
        lines.append(_cell(name, "**all**", counted))
    head = ("sources", "light", "rows", "counted", "predicted", "predicted over counted", "80 % intervals that hold")
    return table(head, lines)


def _cell(side: str, light: str, found: list[Any]) -> tuple[str, ...]:
    harmed, predicted = sum(row["harmed"] for row in found), sum(row["share"] * row["of"] for row in found)
    over = f"{predicted / harmed:.2f}" if harmed else ""
    holds = sum(row["holds"] for row in found)
    of = sum(row["of"] for row in found)
    return side, light, str(len(found)), f"{harmed} of {of}", f"{predicted:.1f}", over, f"{holds} of {len(found)}"


def routine() -> str:
    """The usual doses that are called burning at a level of 10 in 100, the likeliest first."""
    seen = _rows_by_name()
    rows = load_derived_table("practice_checks")["routine"]
    flagged = sorted((row for row in rows if row["p"] > _LEVEL), key=lambda row: -row["p"])
    lines = [
        (
            row["row"],
            f"{seen[row['row']]['wavelength_nm']:.0f} nm, {seen[row['row']]['pulse_ms']:.3g} ms",
            seen[row["row"]]["phototype"],
            _in_100(row["p"]),
        )
        for row in flagged
    ]
    thrice = sum(row["p_thrice"] > _LEVEL for row in rows)
    introduction = (
        f"Of {len(rows)} doses that clinics give, {len(flagged)} are said to burn more than 10 of 100; "
        f"of three times these doses, {thrice}."
    )
    return introduction + "\n\n" + table(("row", "light", "phototype", "predicted burns, %"), lines)


_LEVEL = 0.1


def _rows_by_name() -> Mapping[str, Any]:
    posed = load_derived_table("practice_doses")
    return {**posed["row"], **posed["rate"]}


def fit() -> str:
    """The parameters with and without recommended doses, by family, and the slope of counts."""
    checks = load_derived_table("practice_checks")
    both = checks["parameters"], checks["parameters_without_recommended"]
    rows = [
        (name, *("{1:.3g} ({0:.3g} to {2:.3g})".format(*found[name]) for found in both))
        for name in checks["parameters"]
    ]
    draws = [
        load_derived_table("burn_calibration")[name]["family"]
        for name in (BURN_CLASS, f"{BURN_CLASS}-without-recommended")
    ]
    rows += [(f"family: {name}", *(_interval(found[name]) for found in draws)) for name in LASER_FAMILIES]
    slope = "{1:.2f} ({0:.2f} to {2:.2f})".format(*checks["slope"])
    return table(("", "with recommended doses", "without"), [*rows, ("slope of counts over predictions", slope, "")])


def _interval(draws: Sequence[float]) -> str:
    ends = quantiles(draws, n=10)
    return f"{median(draws):.3g} ({ends[0]:.3g} to {ends[-1]:.3g})"


def unposed() -> str:
    """How many rows are not posed, by reason."""
    counts = Counter(exclusion_reason(row) or "posed" for row in practice_rows())
    return table(("why not", "rows"), [(_UNPOSED[key], str(count)) for key, count in counts.most_common()])


_UNPOSED: Mapping[str, str] = {
    "posed": "posed",
    "burns-not-counted": "tells nothing of burns that could be counted",
    "short-pulses": "pulses below 0.1 ms",
    "other-light": "light outside 500 to 1200 nm",
    "no-fluence": "no fluence printed",
    "no-wavelength": "no wavelength printed",
    "microbeams": "microbeams",
    "pigment-is-the-target": "a burn of the pigment is the aim",
    "growth-is-the-target": "a burn of the growth is the aim",
    "given-otherwise": "given in a way that no single pulse stands for",
    "lip": "lips",
}


def _in_100(share: float) -> str:
    return f"{100 * share:.2g}"
