"""Turns a published dose into what the model can be asked: skins, light, cooling and doses, or the reason why not.

Only burns of an epidermis that is not itself the target are posed. A setting that the source does not print is taken
as each of `data/practice.toml` in turn, all as likely. Burns that were counted without a dose are not posed; they still
tell how often clinics burn (`rate_of`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from skinbeam.laser.cooling import CoolingPlan, resolve
from skinbeam.laser.settings import Beam, lamp_lines
from skinbeam.practice.calibration import family_of
from skinbeam.practice.row import GROWTHS, PracticeRow, Span, named_nm
from skinbeam.schema.exposure import Cooling
from skinbeam.schema.trains import Train
from skinbeam.shipped import shipped_table
from skinbeam.skin.model import Skin

__all__ = ["PIGMENT", "SHORTEST_MS", "WAVELENGTHS_NM", "Pose", "Seen", "poses", "rate_of", "seen", "unposed"]

# Where pigment of the epidermis is the target, or ink and black lesions stand in the light.
PIGMENT: Final = frozenset(
    (
        "age-spots",
        "freckles",
        "melasma",
        "post-inflammatory-hyperpigmentation",
        "pigmented-lesions",
        "dermatosis-papulosa-nigra",
        "hori-naevus",
        "naevus-of-ota",
        "seborrhoeic-keratosis",
        "tattoo",
    )
)
_Pulse = tuple[float, tuple[Train, ...]]
SHORTEST_MS: Final = 0.1
WAVELENGTHS_NM: Final = (500.0, 1200.0)
# Harms that begin where the epidermis burns: a pale mark where its melanocytes die.
_BEGINS: Final = ("blister", "burn", "hypopigmentation")


@dataclass(frozen=True)
class Pose:
    """One way in which a row may have been carried out.

    Parameters
    ----------
    fluence_J_cm2 : least and greatest dose; between them the lighter of these people got more.
    """

    skin: Skin
    beam: Beam
    cooling: CoolingPlan
    fluence_J_cm2: tuple[float, float]


@dataclass(frozen=True)
class Seen:
    """What a row tells of burns.

    Parameters
    ----------
    kind : `counted` events of people; `begins`, a dose at which harm was seen to begin; `recommended` or `used`, a dose
        that people were given, or are to be given, without a count.
    sessions : in which each of those counted could be burnt; 1 where treatments are counted.
    """

    kind: str
    events: int = 0
    of: int = 0
    sessions: float = 1.0


def seen(row: PracticeRow) -> Seen | None:
    """Return what a row tells of burns, or None where it tells nothing of them."""
    if row.kind == "recommended":
        return Seen("recommended")
    if row.harm is not None and row.harm.counts_skin_injury:
        return Seen("counted", row.harm.events or 0, row.harm.of or 0, _sessions(row))
    if row.kind == "threshold":
        return Seen("begins") if row.harm is not None and row.harm.kind in _BEGINS else None
    return Seen("used") if row.kind in ("used", "tolerated") else None


def _sessions(row: PracticeRow) -> float:
    """Sessions of each person, where people are counted: treatments over people, else the middle of the range."""
    if row.harm is None or row.harm.unit != "patients":
        return 1.0
    if row.treatments and row.patients:
        return max(1.0, row.treatments / row.patients)
    return _middle(row.sessions, 1.0)


def rate_of(row: PracticeRow) -> str | None:
    """Return the family of light of burns that were counted over doses which are not printed; None for other rows."""
    found = seen(row)
    if found is None or found.kind != "counted" or unposed(row) not in ("no-fluence", "no-wavelength"):
        return None
    if row.condition in PIGMENT | GROWTHS or row.condition == "venous-lake" or row.row in _assumed()["unlike"]:
        return None
    if row.lamp:
        return "lamp"
    nm = row.wavelength_nm or named_nm(row.device)
    held = nm is not None and WAVELENGTHS_NM[0] <= nm <= WAVELENGTHS_NM[1] and not _is_short(row)
    return family_of(nm, lamp=False) if nm is not None and held else None


def unposed(row: PracticeRow) -> str | None:
    """Return why a row cannot be posed, as a key of the page; None where it can."""
    lines = _lines(row)
    if row.microbeam_mJ is not None or row.coverage_pct is not None or row.density_per_cm2 is not None:
        return "microbeams"
    if not lines:
        return "no-wavelength"
    if not all(WAVELENGTHS_NM[0] <= nm <= WAVELENGTHS_NM[1] for nm, _ in lines):
        return "other-light"
    if _is_short(row):
        return "short-pulses"
    if row.condition in PIGMENT:
        return "pigment-is-the-target"
    if row.condition in GROWTHS:
        return "growth-is-the-target"
    if row.condition == "venous-lake":
        return "lip"  # nobody measured its melanin
    if row.row in _assumed()["unlike"]:
        return "given-otherwise"
    if row.fluence_J_cm2 is None and row.mean_fluence_J_cm2 is None:
        return "no-fluence"
    if seen(row) is None:
        return "burns-not-counted"
    return None


def poses(row: PracticeRow) -> tuple[Pose, ...]:
    """Return the ways in which a row that can be posed may have been carried out, all as likely."""
    lines = _lines(row)
    middle = sum(nm * share for nm, share in lines)
    usual = _usual(middle, lamp=row.wavelength_nm is None)
    spots = _ends(row.spot_mm) if row.spot_mm is not None else tuple(usual["spot_mm"])
    phototype = row.phototype or _assumed()["peoples"].get(row.people)
    skin = Skin(site=_site(row), phototype=phototype, vessel_kind="normal")
    return tuple(
        Pose(skin, _beam(middle, lines, pulse, spot), _cooling(kind, row), _doses(row))
        for pulse, spot, kind in product(_pulses(row, usual), spots, _coolings(row, usual))
    )


def _assumed() -> Mapping[str, Any]:
    return shipped_table("data/practice.toml")


def _lines(row: PracticeRow) -> tuple[tuple[float, float], ...]:
    """Wavelengths with their shares of the energy."""
    if row.wavelength_nm is not None:
        return ((row.wavelength_nm, 1.0),)
    if row.band_nm is None or row.band_nm[0] is None:
        return ()
    return lamp_lines(row.band_nm[0], row.band_nm[1] or float(_assumed()["lamp"]["longest_nm"]))


def _is_short(row: PracticeRow) -> bool:
    """Whether pulses are of nano- or picoseconds, by the name of the device where their length is not printed."""
    if row.pulse_ms is not None:
        return min(_ends(row.pulse_ms)) < SHORTEST_MS
    return bool(row.pulse_words)


def _usual(middle_nm: float, *, lamp: bool) -> Mapping[str, Any]:
    if lamp:
        found: Mapping[str, Any] = _assumed()["lamp"]
        return found
    usual: Sequence[Mapping[str, Any]] = _assumed()["unprinted"]
    return [entry for entry in usual if entry["from_nm"] <= middle_nm][-1]


def _pulses(row: PracticeRow, usual: Mapping[str, Any]) -> tuple[_Pulse, ...]:
    """Each pulse that the row may mean: its whole length, and the sub-pulses in it."""
    told = _assumed()["trains"].get(row.row)
    if told is not None:
        return tuple((n * length + (n - 1) * pause, (Train(n, length),)) for n, length, pause in told)
    lengths = _ends(row.pulse_ms) if row.pulse_ms is not None else tuple(usual["pulse_ms"])
    return tuple((length, ()) for length in lengths)


def _coolings(row: PracticeRow, usual: Mapping[str, Any]) -> tuple[str, ...]:
    """The cooling that is printed; else what is usual, and never none where some cooling is told of."""
    if row.cooling:
        return (row.cooling,)
    return tuple(kind for kind in usual["cooling"] if kind != "none" or not row.cooling_detail)


def _ends(span: Span) -> tuple[float, ...]:
    """The ends of a range, once where they are alike; an end that is not printed is left out."""
    return tuple(dict.fromkeys(end for end in span if end is not None))


def _doses(row: PracticeRow) -> tuple[float, float]:
    """Ends of the range of doses; the mean alone where it is printed, of a recommendation the middle."""
    if row.mean_fluence_J_cm2 is not None:
        return row.mean_fluence_J_cm2, row.mean_fluence_J_cm2
    assert row.fluence_J_cm2 is not None  # `unposed` told
    low, high = row.fluence_J_cm2
    factor = float(_assumed()["open_range"]["factor"]["value"])
    if low is None or high is None:
        low, high = (low, low * factor) if low is not None else ((high or 0.0) / factor, high or 0.0)
    middle = (low * high) ** 0.5
    return (middle, middle) if row.kind == "recommended" else (low, high)


def _site(row: PracticeRow) -> str:
    table, words = _assumed()["sites"], row.site.lower()
    for word, site in table["words"]:
        if word in words:
            return str(site)
    return str(table.get(row.condition, table["other"]))


def _beam(middle_nm: float, lines: tuple[tuple[float, float], ...], pulse: _Pulse, spot_mm: float) -> Beam:
    pulse_ms, trains = pulse
    return Beam(
        wavelength_nm=middle_nm,
        spectrum=lines,
        pulse_ms=pulse_ms,
        fluence_J_cm2=None,
        energy_J=None,
        spot_mm=spot_mm,
        profile="top-hat",
        pulses=1,
        repetition_Hz=1.0,
        passes=1,
        pass_interval_s=0.0,
        overlap_fraction=0.0,
        pulse_shape="train" if trains else "square",
        trains=trains,
        trains_given=bool(trains),
        microbeam=None,
        device=None,
    )


def _cooling(kind: str, row: PracticeRow) -> CoolingPlan:
    if kind == "none":
        return resolve(None)
    timing = dict(_assumed()["timing"][kind])
    if kind == "spray":
        timing["before_ms"] = _middle(row.spurt_ms, timing["before_ms"])
        timing["delay_ms"] = _middle(row.delay_ms, timing["delay_ms"])
        return resolve(Cooling(kind="spray", cryogen="R134a", **timing))
    return resolve(Cooling(kind=kind, during=True, **timing))


def _middle(span: Span | None, otherwise: float) -> float:
    ends = _ends(span) if span is not None else ()
    return sum(ends) / len(ends) if ends else otherwise
