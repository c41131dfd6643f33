"""Build the scene of a pulse case (skin, beam, cooling, bath) and run work over chunks of sampled skins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TypeVar

from skinbeam.laser import beam_of_case as laser_settings
from skinbeam.laser import cooling as laser_cooling
from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.exposure import Layer, Settings
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.units import UM
from skinbeam.simulate.appearance import reading_not_skin_error, weight_by_reading
from skinbeam.simulate.light.illumination import Illumination, LitSkin, SpotShare
from skinbeam.simulate.light.lighting import illuminate, light_first_skin
from skinbeam.simulate.light.spot import spot_shares
from skinbeam.simulate.pulse.locations import epidermis_bottom_m
from skinbeam.simulate.pulse.schedule import PulseSchedule, bath_schedule, pulse_schedule
from skinbeam.simulate.removal.ablation import is_ablative, is_fast_train
from skinbeam.simulate.skins.depth_grid import build_skin_grid, core_depth_m
from skinbeam.simulate.skins.ensemble import CHUNK_DRAWS, chunk_slices
from skinbeam.simulate.skins.sampling import DrawCost, cached_median, cached_sample
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.draws import BLOCK
from skinbeam.skin.layers import unknown_layers
from skinbeam.skin.presets import read_preset
from skinbeam.skin.sample import SkinSample
from skinbeam.text import DocumentWarning, Message, render_message

__all__ = ["PulseScene", "build_scene", "build_schedule", "case_warnings", "run_chunks"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class PulseScene:
    """The skin, beam, cooling and bath of a pulse case.

    Parameters
    ----------
    skin : the distribution to draw from. middle : the median skin, a data set of one sample.
    beam : None for a bath, or for cooling alone.
    bath : (temperature in °C, exposure in s or None) or None.
    warnings : warnings about the case for the reader.
    """

    loaded_case: LoadedCase
    skin: SkinDistribution
    median_skin: SkinSample
    beam: Beam | None
    cooling: CoolingPlan
    bath: tuple[float, float | None] | None
    warnings: tuple[DocumentWarning, ...]

    @cached_property
    def spot_shares(self) -> tuple[SpotShare, ...] | None:
        """Share of a wide beam's light that the finite spot brings to its axis; None if the beam counts as wide."""
        return spot_shares(self.median_skin, self.beam)

    @cached_property
    def lit_median_skin(self) -> LitSkin | None:
        """The median skin with the light of the beam as if it were wide; None if the spot counts as wide, too."""
        return (
            light_first_skin(self.median_skin, self.beam.spectrum)
            if self.beam is not None and self.spot_shares is not None
            else None
        )

    def illuminate(self, skins: SkinSample) -> Illumination | None:
        """Return the light on the axis of the beam in every draw, or None without a beam."""
        if self.beam is None:
            return None
        return illuminate(skins, self.beam.spectrum).narrow_to_spot(self.spot_shares, self.lit_median_skin)


def build_scene(loaded: LoadedCase, *, dose_required: bool = True, pulse_required: bool = True) -> PulseScene:
    """Return the scene of a pulse case.

    `pulse_required` is False where the exposure time is searched: the power then describes the beam completely.

    Raises
    ------
    InputError : nothing to simulate, settings that the device cannot emit, or a vessel in air.
    """
    case = loaded.case
    beam = None
    if case.laser is not None or case.settings is not None or case.microbeam is not None:
        beam = laser_settings.resolve_beam(
            case, loaded.folder, dose_required=dose_required, pulse_required=pulse_required
        )
    elif case.bath is None and case.cooling is None:
        raise InputError(
            "missing-key",
            "neither a laser, nor a bath, nor cooling was read",
            field="laser",
            hint="A pulse needs [laser] and [settings]; a contact burn needs [bath]; cooling can stand alone.",
            file=loaded.file,
        )
    if beam is not None and beam.lens_array:
        raise NotAvailable(render_message("simulate.lens-array", {"device": beam.device.title if beam.device else ""}))
    if beam is not None and case.skin is None:
        raise InputError(
            "missing-key",
            "[skin] is missing, nothing was read",
            field="skin",
            hint='A pulse needs [skin]; preset = "human" alone is enough.',
            file=loaded.file,
        )
    if beam is not None and case.skin is not None and case.skin.layer:
        _check_clear_layers(case.skin.layer, loaded.file)
    cooling = laser_cooling.resolve_cooling(case.cooling, beam.device if beam is not None else None)
    bath = (case.bath.temperature_C, case.bath.exposure_s) if case.bath is not None else None
    skin = SkinDistribution.from_case(case)
    middle = cached_median(skin)
    if case.vessel:
        _check_vessel_depths(skin, middle, loaded.file)
    warnings = (
        *case_warnings(case),
        *skin.warnings,
        *_skin_warnings(case, skin, middle),
        *_beam_warnings(beam, case.settings),
        *_cooling_warnings(cooling, middle, bath),
    )
    return PulseScene(loaded, skin, middle, beam, cooling, bath, warnings)


def _check_clear_layers(layers: Sequence[Layer], file: str) -> None:
    last = layers[-1]
    if last.thickness_um is None and last.mua_per_cm + last.mus_per_cm == 0:
        raise InputError(
            "endless-clear-layer",
            f'"{last.name}" neither scatters nor absorbs, and has no thickness',
            field=f"skin.layer[{len(layers) - 1}].mua_per_cm",
            hint="Give it a thickness or some absorption, or add the layer that the light ends in.",
            file=file,
        )


def _check_vessel_depths(skin: SkinDistribution, median_skin: SkinSample, file: str) -> None:
    """Reject vessels that reach below the tissue; the schema rejects those that reach above the surface.

    Below layers of finite thickness there is air. The layers below the dermis of a preset are semi-infinite for light
    and heat, but are not skin everywhere: from `core_depth_m` on, tissue is inside the body and warmer than the skin
    that the case describes. Semi-infinite layers given in the case are taken literally.
    """
    thick_um = float(median_skin["thickness_m"][0].sum()) / UM
    ends = isfinite(thick_um)
    bottom_um = thick_um if ends or skin.layers else core_depth_m() / UM
    what = f"out of {bottom_um:.0f} µm of tissue, into air" if ends else f"below {bottom_um:.0f} µm, out of the skin"
    for index, vessel in enumerate(skin.vessels):
        if vessel.depth_um + vessel.outer_radius_um > bottom_um:
            raise InputError(
                "vessel-below-tissue",
                f"a vessel of {vessel.diameter_um:g} µm with its axis at {vessel.depth_um:g} µm reaches {what}",
                field=f"vessel[{index}].depth_um",
                hint=f"Depth of the axis, half the diameter and the wall are together at most {bottom_um:.0f} µm.",
                file=file,
            )


def run_chunks(scene: PulseScene, draws: int, seed: int, work: Callable[[SkinSample], Result]) -> list[Result]:
    """Return the results of `work` on successive chunks of draws; memory does not grow with their number.

    The chunks carry `typical_m`, the layer thicknesses of the median skin, so that the grid of a draw is the same in
    any chunk, and `draw`, the number of each draw.

    Raises
    ------
    InputError : more work than can be done in reasonable time, or a reading that no skin produces.
    """
    median = scene.median_skin
    size = _draws_per_chunk(scene, median, draws)
    reading = scene.skin.reading
    results: list[Result] = []
    total = 0.0
    for block in chunk_slices(draws, BLOCK):
        whole = cached_sample(scene.skin, block.stop - block.start, seed, block.start)
        if reading is not None:
            whole = weight_by_reading(whole, reading)
        total += float(whole["weight"].sum())
        count = block.stop - block.start
        parts = [whole] if count <= size else (whole.select(part) for part in chunk_slices(count, size))
        results += [work(part) for part in parts]
    if not total > 0:
        raise reading_not_skin_error(scene.loaded_case.file)
    return results


def build_schedule(scene: PulseScene) -> PulseSchedule:
    """Return the time steps of a full-field case: of its bath, or of its beam and cooling.

    Raises
    ------
    NotAvailable : a train that is too long.
    """
    if scene.bath is not None:
        temperature, exposure = scene.bath
        return bath_schedule(temperature, 1.0 if exposure is None else exposure, scene.cooling.air_temperature_C)
    return pulse_schedule(scene.beam, scene.cooling)


def _draws_per_chunk(scene: PulseScene, median_skin: SkinSample, draws: int) -> int:
    if scene.beam is not None and scene.beam.microbeam is not None:
        return CHUNK_DRAWS
    cells = build_skin_grid(median_skin).layer.size
    return DrawCost(build_schedule(scene).step_s.size, cells, median_skin.vessel_count).draws_per_chunk(draws)


def case_warnings(case: Case) -> tuple[DocumentWarning, ...]:
    """Return warnings about keys of the case that a simulation does not use."""
    micro = case.microbeam is not None
    given = {
        "test_spot": bool(case.test_spot),
        "session": bool(case.session),
        "clinic": case.clinic is not None,
        "settings.overlap_fraction": case.settings is not None and case.settings.overlap_fraction > 0,
        "cooling": (micro or case.bath is not None) and case.cooling is not None and case.cooling.kind != "none",
        "vessel": micro and bool(case.vessel),
        "lesion.diameter_mm": any(lesion.diameter_mm is not None for lesion in case.lesion),
        'lesion.kind = "hair"': any(lesion.kind == "hair" for lesion in case.lesion),
        'lesion.kind = "scar"': any(lesion.kind == "scar" for lesion in case.lesion),
    }
    return tuple(
        DocumentWarning("not-used-yet", Message("simulate.not-used-yet", {"name": name}))
        for name, there in given.items()
        if there
    )


def _skin_warnings(case: Case, skin: SkinDistribution, median_skin: SkinSample) -> tuple[DocumentWarning, ...]:
    """Return warnings about skin that the case does not describe, unknown layer names, and vessels in the epidermis."""
    warnings = []
    if case.skin is None and case.patient is None:
        params = {"site": skin.site or read_preset("human")["site"]}
        warnings.append(DocumentWarning("skin-of-nobody", Message("skin.nobody", params)))
    if unknown := unknown_layers([layer.name for layer in skin.layers]):
        warnings.append(DocumentWarning("layer-not-known", Message("simulate.layer-not-known", unknown)))
    if vessel := _first_vessel_in_epidermis(skin, median_skin):
        warnings.append(DocumentWarning("vessel-in-epidermis", Message("simulate.vessel-in-epidermis", vessel)))
    return tuple(warnings)


def _first_vessel_in_epidermis(skin: SkinDistribution, median_skin: SkinSample) -> dict[str, str | float] | None:
    """Return the first vessel whose top is in the epidermis of the median skin, as parameters of its warning."""
    if not skin.vessels:
        return None
    try:
        border_um = float(epidermis_bottom_m(median_skin)[0]) / UM
    except NotAvailable:
        return None
    for index, vessel in enumerate(skin.vessels):
        top_um = vessel.depth_um - vessel.outer_radius_um
        if top_um < border_um:
            return {"vessel": f"vessel[{index}]", "top_um": top_um, "border_um": round(border_um)}
    return None


def _beam_warnings(beam: Beam | None, settings: Settings | None) -> tuple[DocumentWarning, ...]:
    """Return warnings about settings of the beam that the model does not represent."""
    if beam is None or settings is None:
        return ()
    warnings = {
        "fast-ablating-train": is_fast_train(beam),
        "subpulses-ablate": is_ablative(beam) and bool(beam.trains),
        "passes-at-once": beam.passes > 1 and beam.pass_interval_s == 0,
        "repetition-not-used": settings.pulses == 1 and settings.repetition_Hz > 0,
        "interval-not-used": settings.passes == 1 and settings.pass_interval_s > 0,
    }
    return tuple(DocumentWarning(code, Message(f"simulate.{code}")) for code, there in warnings.items() if there)


def _cooling_warnings(
    cooling: CoolingPlan, median_skin: SkinSample, bath: tuple[float, float | None] | None
) -> tuple[DocumentWarning, ...]:
    """Return a warning if the cooling has no effect: it is never on, has no coefficient, or is warmer than the skin."""
    if cooling.kind == "none" or bath is not None:
        return ()
    if not (cooling.during or cooling.before_ms + cooling.after_ms > 0):
        return (DocumentWarning("cooling-without-time", Message("simulate.cooling-without-time")),)
    if cooling.coefficient_W_m2K == 0:
        return (DocumentWarning("cooling-without-coefficient", Message("simulate.cooling-without-coefficient")),)
    at_rest_C = float(median_skin["temperature_C"][0])
    if cooling.temperature_C >= at_rest_C:
        params = {"coolant_C": cooling.temperature_C, "skin_C": at_rest_C}
        return (DocumentWarning("cooling-that-warms", Message("simulate.cooling-that-warms", params)),)
    return ()
