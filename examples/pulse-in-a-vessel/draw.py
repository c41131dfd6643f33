"""Draws one pulse in skin with vessels: light, peak temperature and damage, and how the heat comes and goes.

python examples/pulse-in-a-vessel/draw.py -o docs/images

writes pulse.png and pulse.gif. Half the section is computed; the other half is its mirror image.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from PIL import Image

from skinbeam.model.input_files import load_case
from skinbeam.model.units import J_CM2, MS, UM, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import omega_growth
from skinbeam.report.graphics.charts import STYLE
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.pulse.response import PulseResponse, simulate_pulse
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.skins.tissue_kinetics import (
    BLOOD_KINETICS,
    CELL_DEATH_KINETICS,
    COLLAGEN_KINETICS,
    sample_kinetics,
)
from skinbeam.simulate.vessels.cross_section import SectionLight, heat_section, light_section

HALF_UM, BOTTOM_UM, PIXEL_UM = 180.0, 600.0, 2.0  # what is shown, and how finely
LEVELS = {0.1: ":", 1.0: "-", 10.0: "--"}
CONTOUR, BRIGHT, DARK, LASER_ON = "#7fffd4", "#ffffff", "#202020", "#a33b00"
# Frames of the animation: every half millisecond at first, then ever further apart.
FRAMES_MS = np.concatenate([np.arange(0.0, 10.0, 0.5), np.geomspace(10.0, 500.0, 25)])


@dataclass(frozen=True)
class Pulse:
    """What is drawn, on pixels of x and z, (z, x), mirrored; times count from the start of the pulse.

    Parameters
    ----------
    names, tops_um : layers and where they begin.
    fluence : fluence rate over irradiance.
    time_ms : (time,).
    celsius, omega : (time, z, x) temperature and damage so far, that of the part of the skin.
    blood : whether a pixel lies in a vessel, (z, x).
    """

    lit: SectionLight
    names: list[str]
    tops_um: list[float]
    fluence: Any
    time_ms: Any
    celsius: Any
    omega: Any
    blood: Any
    pulse_ms: float


def computed(case: Path, packets: int) -> Pulse:
    """Return one pulse of a case in the skin in the middle of every distribution."""
    scene = build_scene(load_case(case))
    skin, beam = scene.skin.median(), scene.beam
    response = simulate_pulse(skin, beam, scene.cooling, illumination=illuminate(skin, beam.spectrum))
    lit = light_section(response, packets=packets)
    heat = heat_section(response, lit)
    x = np.arange(PIXEL_UM / 2, HALF_UM, PIXEL_UM) * UM
    z = np.arange(PIXEL_UM / 2, BOTTOM_UM, PIXEL_UM) * UM
    xs, zs = (part.ravel() for part in np.meshgrid(x, z))

    def pixels(values: Any) -> Any:
        half = lit.grid.interpolate(values, xs, zs).reshape(len(values), len(z), len(x))
        return np.concatenate([half[:, :, ::-1], half], axis=2)

    base = np.stack([np.interp(z, response.grid.centres[0], row) for row in response.base_K[0]])
    dose = beam.fluence_J_cm2 * J_CM2
    kelvin = base[:, :, None] + dose * pixels(heat.unit_K)
    across = np.concatenate([-x[::-1], x])
    blood = np.zeros(kelvin.shape[1:], dtype=bool)
    for one in lit.lumens:
        blood |= across**2 + (z[:, None] - one.depth_m) ** 2 < (one.diameter_m / 2) ** 2
    bottoms = np.cumsum(skin["thickness_m"][0])
    cells = np.broadcast_to((z < bottoms[response.layers.index("living epidermis")])[:, None], blood.shape)
    end = np.concatenate([[0.0], np.cumsum(response.schedule.step_s)])
    start = end[np.flatnonzero(response.schedule.power_on)[0]]
    return Pulse(
        lit,
        response.layers,
        [0.0, *(bottoms[:-1] / UM)],
        pixels(lit.fluence_rate_ratio[None])[0],
        (end - start) / MS,
        kelvin - ZERO_CELSIUS_K,
        _omega(
            response,
            kelvin,
            {BLOOD_KINETICS: blood, CELL_DEATH_KINETICS: cells & ~blood, COLLAGEN_KINETICS: ~cells & ~blood},
        ),
        blood,
        beam.pulse_ms,
    )


def _omega(response: PulseResponse, kelvin: Any, parts: dict[str, Any]) -> Any:
    total = np.zeros(kelvin.shape)
    for name, inside in parts.items():
        growth = omega_growth(kelvin[:, inside][None], response.schedule.step_s, sample_kinetics(name, response.skins))[
            0
        ]
        total[1:, inside] = np.cumsum(growth, axis=0)
    return total


def _frame(ax: Any, pulse: Pulse, *, depth: bool, names: bool, edge: str = BRIGHT) -> None:
    """Layers, vessels and axes in µm, as wide as they are deep."""
    ax.set(xlim=(-HALF_UM, HALF_UM), ylim=(BOTTOM_UM, 0.0), aspect="equal", xlabel="x, µm")
    ax.set_xticks([-100, 0, 100])
    if depth:
        ax.set_ylabel("depth, µm")
    else:
        ax.set_yticklabels([])
    tops = [*pulse.tops_um, BOTTOM_UM]
    for name, top, bottom in zip(pulse.names, tops[:-1], tops[1:], strict=True):
        if 0 < top < BOTTOM_UM:
            ax.axhline(top, color=edge, linewidth=0.5, alpha=0.6)
        # A layer thinner than its name, such as the stratum corneum, goes without.
        if names and top < BOTTOM_UM and bottom - top > 30:
            ax.text(
                -HALF_UM + 8, (top + min(bottom, BOTTOM_UM)) / 2, name, color=edge, fontsize=7, va="center", alpha=0.9
            )
    for one in pulse.lit.lumens:
        ax.add_patch(Circle((0, one.depth_m / UM), one.diameter_m / UM / 2, fill=False, color=edge, linewidth=0.7))


def _image(ax: Any, values: Any, label: str, **kind: Any) -> None:
    """An image with a bar of its colours, as high as itself."""
    image = ax.imshow(values, extent=(-HALF_UM, HALF_UM, BOTTOM_UM, 0.0), interpolation="bilinear", **kind)
    ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0.0, 0.05, 1.0)), label=label)


def _contours(ax: Any, pulse: Pulse, omega: Any) -> None:
    """Contours of each part of the skin by itself, since they are of different processes."""
    x = np.arange(-HALF_UM + PIXEL_UM / 2, HALF_UM, PIXEL_UM)
    z = np.arange(PIXEL_UM / 2, BOTTOM_UM, PIXEL_UM)
    for inside in (pulse.blood, ~pulse.blood):
        values = np.ma.masked_where(~inside, np.log10(np.maximum(omega, 1e-9)))
        levels = np.log10(list(LEVELS))
        ax.contour(x, z, values, levels=levels, colors=CONTOUR, linewidths=0.9, linestyles=list(LEVELS.values()))


def _legend(ax: Any) -> None:
    handles = [
        Line2D([], [], color=CONTOUR, linestyle=style, linewidth=1.0, label=f"Ω = {level:g}")
        for level, style in LEVELS.items()
    ]
    # Below the epidermis and beside the upper vessel nothing is drawn.
    place = {"loc": "upper right", "bbox_to_anchor": (1.0, 0.86)}
    ax.legend(handles=handles, **place, fontsize=7, labelcolor=BRIGHT, facecolor="#303030", framealpha=0.7)


def figure(pulse: Pulse) -> Figure:
    """Return light, peak temperature and damage side by side."""
    with rc_context(STYLE):
        drawn = Figure(figsize=(8.6, 4.3), layout="constrained", dpi=120)
        FigureCanvasAgg(drawn)
        light, peak, damage = drawn.subplots(1, 3)
        shown = [
            (light, "Light", pulse.fluence, {"cmap": "cividis"}, "fluence rate / irradiance"),
            (peak, "Peak temperature", pulse.celsius.max(axis=0), {"cmap": "inferno"}, "temperature, °C"),
            (
                damage,
                "Damage",
                np.clip(pulse.omega[-1], 1e-3, 1e3),
                {"cmap": "magma", "norm": LogNorm(1e-3, 1e3)},
                "Ω, clipped",
            ),
        ]
        for ax, title, values, kind, label in shown:
            _image(ax, values, label, **kind)
            _frame(ax, pulse, depth=ax is light, names=ax is peak, edge=DARK if ax is light else BRIGHT)
            ax.set_title(title)
        _contours(damage, pulse, pulse.omega[-1])
        _legend(damage)
    return drawn


def frames(pulse: Pulse) -> list[Image.Image]:
    """Return the temperature over time with the damage so far, one image a time."""
    low, high = float(pulse.celsius.min()), float(pulse.celsius.max())
    drawn = []
    for at in FRAMES_MS:
        after = int(np.clip(np.searchsorted(pulse.time_ms, at), 1, len(pulse.time_ms) - 1))
        before, end = pulse.time_ms[after - 1 : after + 1]
        share = (at - before) / (end - before)
        celsius, omega = (
            (1 - share) * values[after - 1] + share * values[after] for values in (pulse.celsius, pulse.omega)
        )
        with rc_context(STYLE):
            one = Figure(figsize=(3.7, 4.6), layout="constrained", dpi=100)
            canvas = FigureCanvasAgg(one)
            ax = one.subplots()
            _image(ax, celsius, "temperature, °C", cmap="inferno", vmin=low, vmax=high)
            _frame(ax, pulse, depth=True, names=True)
            _contours(ax, pulse, omega)
            _legend(ax)
            on = at < pulse.pulse_ms
            ax.set_title(
                f"{at:.{int(at < 10)}f} ms, laser {'on' if on else 'off'}", color=LASER_ON if on else "#1c2430"
            )
            buffer = io.BytesIO()
            canvas.print_png(buffer)
        drawn.append(Image.open(buffer).convert("RGB"))
    return drawn


def animated(images: list[Image.Image]) -> bytes:
    """Return the images as a GIF of one palette: the colours of the map, those of lines on it, and greys."""
    heat = colormaps["inferno"](np.linspace(0.0, 1.0, 176))[:, :3]
    shade = np.linspace(0.0, 1.0, 8)[:, None]
    lines = [(1 - shade) * to_rgb(ground) + shade * to_rgb(CONTOUR) for ground in ("black", "#781c6d", "#ed6925")]
    title = (1 - shade) * to_rgb("white") + shade * to_rgb(LASER_ON)
    greys = np.repeat(np.linspace(0.0, 1.0, 48)[:, None], 3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(255 * np.concatenate([heat, *lines, title, greys])).astype(np.uint8).tobytes())
    few = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    buffer = io.BytesIO()
    pace = [120] * (len(few) - 1) + [2000]
    few[0].save(buffer, "GIF", save_all=True, append_images=few[1:], duration=pace, loop=0, optimize=True)
    return buffer.getvalue()


def main() -> None:
    """Read the arguments, compute the pulse and write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="?", type=Path, default=Path(__file__).parent / "case.toml")
    parser.add_argument("-o", "--output", type=Path, default=Path("out"))
    parser.add_argument("--packets", type=int, default=4_000_000, help="of light")
    given = parser.parse_args()
    pulse = computed(given.case, given.packets)
    given.output.mkdir(parents=True, exist_ok=True)
    figure(pulse).savefig(given.output / "pulse.png")
    (given.output / "pulse.gif").write_bytes(animated(frames(pulse)))


if __name__ == "__main__":
    main()
