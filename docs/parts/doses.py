"""Tables of published doses: how many there are, and what the fit foretells of each that can be posed."""

from collections import Counter
from collections.abc import Mapping
from math import exp
from typing import Any

from parts.markdown import table
from skinbeam.derived import derived_table
from skinbeam.practice.posing import unposed as why_unposed
from skinbeam.practice.row import PracticeRow
from skinbeam.practice.rows import practice_rows
from skinbeam.schema.fields import phototype_range

__all__ = ["cells", "fit", "published_doses", "rows", "unposed"]


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
    told = pulse_ms is not None or any(word in words for word in _LONG_WORDS)
    return "532 nm, milliseconds" if told else "532 nm, pulse not printed"


def _skin(row: PracticeRow) -> str:
    if not row.phototype:
        return "not printed"
    low, high = phototype_range(row.phototype)
    if low >= _DARKEST:
        return "V and VI alone"
    return "some of V or VI" if high >= _DARKEST else "to IV" if high == _DARK else "I to III"


def _counts(rows: list[PracticeRow]) -> str:
    harms = [row.harm for row in rows if row.harm]
    counted, hurt = sum(h.counted for h in harms), sum(h.counts_skin_injury for h in harms)
    return f"{len(rows)} ({counted}, {hurt})" if rows else ""


def rows() -> str:
    """Every posed row: what was reported beside what the fit foretells that has not seen its source."""
    checks, posed = derived_table("practice_checks"), derived_table("practice_doses")["row"]
    rows = []
    for side, name in (("left_out", "left out"), ("kept_aside", "kept aside")):
        for row in checks[side]:
            told, reported, interval = posed[row["row"]], row["kind"], ""
            if row["kind"] == "counted":
                reported = f"{row['harmed']} of {row['of']}"
                interval = f"{row['low']} to {row['high']}" + ("" if row["holds"] else ", missed")
            light = f"{told['wavelength_nm']:.0f} nm, {told['pulse_ms']:.3g} ms"
            over = _middle_of(told["over_computed"])
            rows.append(
                (row["row"], name, light, told["phototype"], f"{over:.2g}", _in_100(row["share"]), reported, interval)
            )
    head = ("row", "fit", "light", "phototype", "dose over computed", "foretold, %", "reported", "80 % interval")
    return table(head, rows)


def cells() -> str:
    """Foretold against reported burns of all counted rows, by light and skin."""
    checks, posed = derived_table("practice_checks"), derived_table("practice_doses")["row"]
    counted = [row for side in ("left_out", "kept_aside") for row in checks[side] if row["kind"] == "counted"]
    cells: dict[tuple[str, str], list[Any]] = {}
    for row in counted:
        told = posed[row["row"]]
        cells.setdefault((_light_of(told["wavelength_nm"]), told["phototype"] or "not known"), []).append(row)
    rows = [
        (
            light,
            skin,
            str(len(found)),
            f"{sum(row['harmed'] for row in found)} of {sum(row['of'] for row in found)}",
            f"{sum(row['share'] * row['of'] for row in found):.1f}",
            f"{sum(row['holds'] for row in found)} of {len(found)}",
        )
        for (light, skin), found in sorted(cells.items())
    ]
    for side, name in (("left_out", "all, source left out"), ("kept_aside", "all, kept aside")):
        found = [row for row in checks[side] if row["kind"] == "counted"]
        rows.append((name, "", str(len(found)), "", "", f"{sum(row['holds'] for row in found)} of {len(found)}"))
    return table(("light", "phototype", "rows", "reported", "foretold", "80 % intervals that hold"), rows)


def fit() -> str:
    """The parameters with and without recommended doses, and what covariates gain."""
    checks = derived_table("practice_checks")
    both = checks["parameters"], checks["parameters_without_recommended"]
    rows = [
        (name, *("{1:.3g} ({0:.3g} to {2:.3g})".format(*found[name]) for found in both))
        for name in ("bias", "between", "people", "lapse")
    ]
    gains = checks["gains"], checks["gains_without_recommended"]
    rows += [(f"gain of {name}", *("{:+.2f} ± {:.2f}".format(*found[name]) for found in gains)) for name in gains[0]]
    return table(("", "with recommended doses", "without"), rows)


def unposed() -> str:
    """How many rows are not posed, by reason."""
    counts = Counter(why_unposed(row) or "posed" for row in practice_rows())
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
    "lip": "lips",
}


def _light_of(wavelength_nm: float) -> str:
    ends = ((570.0, "below 570 nm"), (650.0, "570 to 650 nm"), (790.0, "650 to 790 nm"), (1000.0, "790 to 1000 nm"))
    return next((name for end, name in ends if wavelength_nm < end), "1000 nm and more")


def _middle_of(logs: list[float]) -> float:
    return exp(logs[len(logs) // 2])


def _in_100(share: float) -> str:
    return f"{100 * share:.2g}"
