"""Scanned spots: patterns of pulses and lines of a beam that moves, and what neighbours add to each other's heat.

A spot is followed across and along the depth (`physics.spot_heat`), in layers of the drawn skins; the pattern is a sum
of such spots, displaced and delayed. Light is blurred with depth as much as leaves on the axis of the spot what packets
leave there (`spot_share`): a Gaussian blur of 1/e² radius s leaves

    w² / (w² + s²)  of a Gaussian,    1 - exp(-2 w² / s²)  of a disc, both of radius w.                        (scan 3)

Cooling that is switched, boiling and blood flow are left out: the surface meets the room. All is linear in the dose.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.errors import InputError
from skinbeam.laser.settings import Beam
from skinbeam.physics.cells import Cells
from skinbeam.physics.damage import dose_for_unit_omega
from skinbeam.physics.spot_heat import Profile, SpotHeat, spot_heat, spots_rise
from skinbeam.simulate.damage_model import CELL_DEATH, repeated, sampled_kinetics
from skinbeam.simulate.dose_search import DOSE_RANGE_J_M2
from skinbeam.simulate.places import epidermis_cells
from skinbeam.simulate.pulse import Response
from skinbeam.units import MM, MS

__all__ = ["ORDERS", "Neighbours", "Scan", "grid_scan", "line_scan", "neighbours_add", "scan_rise"]

Floats = NDArray[np.float64]
Order = Literal["rows", "serpentine", "interlaced"]

ORDERS: Final = ("rows", "serpentine", "interlaced")
MOST_SPOTS: Final = 2_500
# A beam that moves is a row of pulses, one for each of these parts of its radius.
_PARTS: Final = 6
# The edge of a disc is never sharper than this part of its radius.
_SHARPEST: Final = 0.05
_LAGS_LIT, _LAGS_AFTER = 6, 14
_TAIL_S: Final = 5.0  # followed after the last pulse, as after any


@dataclass(frozen=True)
class Scan:
    """Where and when a beam is on; every shot is of the same energy.

    Parameters
    ----------
    x_m, y_m, begin_s : (shot,) centre, and the time at which it begins.
    pulse_s : length of each.
    points_m : (point, 2) places that are looked at: where it is hottest is among them, or near.
    """

    x_m: Floats
    y_m: Floats
    begin_s: Floats
    pulse_s: float
    points_m: Floats

    @property
    def reach_m(self) -> float:
        """The farthest that a place that is looked at lies from a shot."""
        away = [np.hypot(self.x_m - x, self.y_m - y).max() for x, y in self.points_m]
        return float(max(away)) or float(MM)

    @property
    def lasts_s(self) -> float:
        """From the first pulse to the end of the last."""
        return float(self.begin_s.max() + self.pulse_s)

    def times_s(self) -> Floats:
        """Return times that follow every shot closely at first, and the skin as it cools."""
        wait = float(np.diff(np.unique(self.begin_s)).min(initial=_TAIL_S))
        lags = np.linspace(0.0, self.pulse_s, _LAGS_LIT + 1)
        if wait > self.pulse_s * 1.001:
            lags = np.append(lags, self.pulse_s + np.geomspace(1e-3, 1.0, _LAGS_AFTER) * (wait - self.pulse_s))
        tail = self.lasts_s + np.geomspace(self.pulse_s / 20, _TAIL_S, 40)
        times = np.unique(np.concatenate([(self.begin_s[:, None] + lags).ravel(), tail]))
        apart: Floats = times[np.concatenate([[True], np.diff(times) > 1e-9 * times[-1]])]
        return apart


class Neighbours(NamedTuple):
    """What neighbours do, (sample,) each.

    Parameters
    ----------
    single_J_m2, scanned_J_m2 : fluence of a shot at which Ω of cell death at the basal layer is 1, of one spot on its
        axis and of the whole scan where it comes first; inf where no dose suffices.
    rise_before : of the greatest rise at the basal layer, the share that is there when the hottest place's own pulse
        begins.
    """

    single_J_m2: Floats
    scanned_J_m2: Floats
    rise_before: Floats


def grid_scan(
    columns: int, rows: int, *, pitch_mm: float, period_ms: float, pulse_ms: float, order: Order = "rows"
) -> Scan:
    """Return a pattern of single pulses, `period_ms` from the beginning of one to that of the next.

    Parameters
    ----------
    pitch_mm : from centre to centre of neighbours, along and across.
    order : "rows", one after another, each from left to right; "serpentine", every second row back; "interlaced", every
        second spot of every second row first, then the other three quarters.

    Raises
    ------
    InputError : no spots or too many, a pitch or time that is not positive, pulses that overlap in time, another order.
    """
    least, most = ("columns", "rows") if columns <= rows else ("rows", "columns")
    if min(columns, rows) < 1 or columns * rows > MOST_SPOTS:
        name = least if min(columns, rows) < 1 else most
        raise _refused(name, f"{columns} by {rows} spots", f"At least one, and {MOST_SPOTS} in all at most.")
    _positive(pitch_mm=pitch_mm, period_ms=period_ms, pulse_ms=pulse_ms)
    if period_ms < pulse_ms:
        raise _refused(
            "period_ms", f"a pulse of {pulse_ms:g} ms every {period_ms:g} ms", "A period is at least one pulse long."
        )
    if order not in ORDERS:
        raise _refused("order", f'"{order}"', f"One of {', '.join(ORDERS)}.")
    row, column = np.divmod(np.arange(columns * rows), columns)
    if order == "serpentine":
        column = np.where(row % 2 == 1, columns - 1 - column, column)
    elif order == "interlaced":
        quarter = 2 * (row % 2) + column % 2
        turn = np.lexsort((column, row, quarter))
        row, column = row[turn], column[turn]
    pitch = pitch_mm * MM
    x: Floats = (column - (columns - 1) / 2) * pitch
    y: Floats = (row - (rows - 1) / 2) * pitch
    # Centres, and the middles between them: neighbours that overlap are hottest there.
    across, down = (np.arange(2 * count - 1) * pitch / 2 - (count - 1) * pitch / 2 for count in (columns, rows))
    points = np.stack(np.meshgrid(across, down, indexing="ij"), axis=-1).reshape(-1, 2)
    begin = np.arange(columns * rows, dtype=np.float64) * (period_ms * MS)
    return Scan(x, y, begin, pulse_ms * MS, points)


def line_scan(
    *,
    length_mm: float,
    speed_mm_s: float,
    spot_mm: float,
    lines: int = 1,
    pitch_mm: float | None = None,
    pause_ms: float = 0.0,
) -> Scan:
    """Return parallel lines of a beam that moves on without a break, as a row of short pulses.

    A shot lasts while the beam moves a sixth of its radius; of a power P its fluence is P pulse_s over the disc.

    Parameters
    ----------
    pitch_mm : from line to line; needed for more than one.
    pause_ms : from the end of a line to the beginning of the next, all in the same direction.

    Raises
    ------
    InputError : a length, speed, width or pitch that is not positive, no line or too many, a pause below 0.
    """
    _positive(length_mm=length_mm, speed_mm_s=speed_mm_s, spot_mm=spot_mm)
    if lines > 1 and pitch_mm is None:
        raise _refused("pitch_mm", f"{lines} lines and no pitch_mm", "Give the distance from line to line.")
    _positive(pitch_mm=spot_mm if pitch_mm is None else pitch_mm)
    if not (math.isfinite(pause_ms) and pause_ms >= 0):
        raise _refused("pause_ms", f"{pause_ms:g} ms", "A pause is 0 or longer.")
    parts = math.ceil(_PARTS * length_mm / (spot_mm / 2))
    if lines < 1 or lines * parts > MOST_SPOTS:
        most = f"At least one; lines x {_PARTS} x length_mm / (spot_mm / 2) at most {MOST_SPOTS}."
        raise _refused("lines", f"{lines} lines of {parts} parts", most)
    seconds = length_mm / speed_mm_s / parts
    x = ((np.arange(parts) + 0.5) / parts - 0.5) * length_mm * MM
    line, part = np.divmod(np.arange(lines * parts), parts)
    y = (line - (lines - 1) / 2) * (0.0 if pitch_mm is None else pitch_mm * MM)
    begin = line * (parts * seconds + pause_ms * MS) + part * seconds
    # Along every line, a place for each radius of the beam, and its end.
    places = np.unique(np.append(np.arange(0, parts, _PARTS), parts - 1))
    points = np.stack([np.tile(x[places], lines), np.repeat(np.unique(y), places.size)], axis=1)
    return Scan(x[part], y, begin, seconds, points)


def scan_rise(response: Response, beam: Beam, scan: Scan, times_s: ArrayLike, *, draw: int = 0) -> Floats:
    """Return the rise in one draw by a scan of a unit fluence, (point, time, place), K per J/m².

    Places are the surface and the face below the epidermis.

    Parameters
    ----------
    response : of `beam`, whose spot and profile are those of each shot.
    times_s : (time,) since the scan began.

    Raises
    ------
    InputError : a beam without a spot, or a lamp.
    NotAvailable : skins without epidermis.
    """
    times = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
    heat = _spot_of(response, beam, draw, scan.pulse_s, max(float(times.max()), scan.lasts_s), scan.reach_m)
    return _summed(response, beam, heat, scan, scan.points_m, times, draw)


def neighbours_add(response: Response, beam: Beam, scan: Scan) -> Neighbours:
    """Return, for every draw, the doses of one spot and of the scan, and what is left from before.

    Raises
    ------
    InputError : a beam without a spot, or a lamp.
    NotAvailable : skins without epidermis.
    """
    times = scan.times_s()
    alone = Scan(np.zeros(1), np.zeros(1), np.zeros(1), scan.pulse_s, np.zeros((1, 2)))
    found = []
    for draw in range(len(response.base_K)):
        heat = _spot_of(response, beam, draw, scan.pulse_s, scan.lasts_s + _TAIL_S, scan.reach_m)
        own = alone.times_s()
        single = _summed(response, beam, heat, alone, alone.points_m, own, draw)[:, :, 1]
        whole = _summed(response, beam, heat, scan, scan.points_m, times, draw)[:, :, 1]
        doses = [_dose(response, rise, at, draw) for rise, at in ((single, own), (whole, times))]
        hottest = int(whole.max(axis=1).argmax())
        away = np.hypot(scan.x_m - scan.points_m[hottest, 0], scan.y_m - scan.points_m[hottest, 1])
        # Of shots as near, the last is the one that makes it hottest.
        begins = float(scan.begin_s[away <= away.min() * (1 + 1e-9) + 1e-12].max())
        before = np.interp(begins, times, whole[hottest])
        found.append((*doses, before / whole[hottest].max()))
    return Neighbours(*np.array(found).T)


def _spot_of(response: Response, beam: Beam, draw: int, pulse_s: float, until_s: float, reach_m: float) -> SpotHeat:
    """One spot in one draw, at the surface and in the two cells beside the lower border of the epidermis."""
    lit, grid = response.lit, response.grid
    if lit is None or beam.spot_mm is None or len(lit.lines) != 1:
        raise _refused("spot_mm", "a beam without a spot, or a lamp", "Scans are of a laser whose spot_mm is given.")
    last = int(epidermis_cells(response)[-1])
    radius = beam.spot_mm * MM / 2
    share = np.ones(grid.layer.size) if lit.shares is None else lit.shares[0].at(grid.centres[draw])
    blur, profile = _blur(share, radius, beam), _profile(beam)
    return spot_heat(
        Cells(*(part[draw : draw + 1] for part in grid.cells)),
        radius_m=radius,
        profile=profile,
        pulse_s=pulse_s,
        until_s=until_s,
        reach_m=max(reach_m, radius),
        conductivity=response.heat.conductivity[draw, grid.layer],
        heat_capacity_vol=response.heat.heat_capacity_vol[draw, grid.layer],
        # The light of a wide beam: what the width takes from the axis is the blur.
        heating_per_m=lit.heating_per_m[draw] / share,
        blur_m=blur,
        h_surface=float(response.schedule.h_W_m2K[-1]),  # the room's
        record_cells=[last, last + 1],
    )


def _profile(beam: Beam) -> Profile:
    return "gaussian" if beam.profile == "gaussian" else "top-hat"


def _blur(share: Floats, radius: float, beam: Beam) -> Floats:
    """The blur of (scan 3) that leaves `share` on the axis, (cell,), m."""
    if beam.profile == "gaussian":
        return radius * np.sqrt(np.maximum(1.0 / share - 1.0, 0.0))
    lost = np.maximum(1.0 - share, math.exp(-2.0 / _SHARPEST**2))
    return np.asarray(radius * np.sqrt(2.0 / -np.log(lost)))


def _summed(
    response: Response, beam: Beam, heat: SpotHeat, scan: Scan, points_m: Floats, times: Floats, draw: int
) -> Floats:
    """The rise at the surface and at the border of the epidermis, (point, time, place), K per J/m²."""
    assert beam.spot_mm is not None  # checked where the spot was followed
    area = math.pi * (beam.spot_mm * MM / 2) ** 2
    shots = np.stack([scan.x_m, scan.y_m, scan.begin_s, np.full(scan.x_m.shape, area)], axis=1)
    rise = spots_rise(heat, shots, points_m, times)
    last = int(epidermis_cells(response)[-1])
    layer = response.grid.layer[last : last + 2]
    conductance = response.heat.conductivity[draw, layer] / response.grid.cells.half_widths[draw, last : last + 2]
    border = (rise[:, :, 1:] * conductance).sum(axis=2) / conductance.sum()
    return np.stack([rise[:, :, 0], border], axis=2)


def _dose(response: Response, rise: Floats, times: Floats, draw: int) -> float:
    """The lowest fluence at which Ω of cell death is 1 at any of the points, J/m²."""
    processes = repeated(sampled_kinetics(CELL_DEATH, response.skins.isel(sample=[draw])), len(rise))
    low, high = DOSE_RANGE_J_M2
    begun = np.maximum(rise, 0.0)
    start = np.full(begun.shape, response.base_K[draw, 0, 0])
    doses = dose_for_unit_omega(start, begun, np.diff(times), processes, low=low, high=high)
    return float(doses.min())


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise _refused(name, f"{value:g}", "A number above 0.")


def _refused(field: str, read: str, hint: str) -> InputError:
    return InputError("impossible-scan", f"no scan has this, read {read}", field=field, hint=hint)
