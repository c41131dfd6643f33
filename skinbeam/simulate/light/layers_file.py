"""Convert a layers file to the space in which the Monte Carlo engine traces packets."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

from skinbeam.model.errors import InputError
from skinbeam.model.units import MM, PER_CM, UM
from skinbeam.simulate.layers_schema.inclusions import LightLesion, LightVessel
from skinbeam.simulate.layers_schema.layers import LayersFile, LightLayer, LightMedium, LoadedLayers
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.space import (
    Inclusion,
    LayeredSpace,
    Shape,
    VoxelSpace,
    ball_shape,
    cylinder_shape,
    disc_shape,
    ellipsoid_shape,
    infinite_cylinder_shape,
)

__all__ = ["absorbing_parts", "build_space", "layered_medium", "part_names"]


def part_names(spec: LayersFile) -> list[str]:
    """Return the names of the absorbing parts, in the order of the file: layers, lesions and vessels, or media."""
    return [part.name for part in absorbing_parts(spec)]


def layered_medium(spec: LayersFile) -> LayeredMedium:
    """Return the layers without inclusions."""
    layers = spec.layer
    return LayeredMedium(
        [layer.mua_per_cm * PER_CM for layer in layers],
        [layer.mus_per_cm * PER_CM for layer in layers],
        [layer.g for layer in layers],
        [layer.n for layer in layers],
        [math.inf if layer.thickness_um is None else layer.thickness_um * UM for layer in layers],
        spec.ambient_n,
        spec.below_n,
    )


def build_space(loaded: LoadedLayers) -> LayeredSpace | VoxelSpace:
    """Return layers with inclusions, or voxels.

    Raises
    ------
    InputError : light in the described geometry cannot be traced; names the field.
    """
    spec = loaded.spec
    if spec.voxels is not None and loaded.cube is not None:
        _check_beam_entry(spec, loaded.cube.shape[0] * spec.voxels.size_um, loaded.cube.shape[1] * spec.voxels.size_um)
        return VoxelSpace(
            loaded.cube,
            spec.voxels.size_um * UM,
            [medium.mua_per_cm * PER_CM for medium in spec.medium],
            [medium.mus_per_cm * PER_CM for medium in spec.medium],
            [medium.g for medium in spec.medium],
            [medium.n for medium in spec.medium],
            spec.ambient_n,
            spec.below_n,
            _phase_tables(spec),
        )
    last = spec.layer[-1]
    if last.thickness_um is None and last.mua_per_cm == 0.0:
        raise InputError(
            "endless-layer",
            "a semi-infinite layer that absorbs nothing keeps photons for ever, read 0",
            field=f"layer[{len(spec.layer) - 1}].mua_per_cm",
            hint="Give the layer a thickness_um or some absorption; the method ordinates needs neither.",
        )
    cell = None
    if spec.cell is not None:
        cell = (spec.cell.width_um * UM, (spec.cell.height_um or spec.cell.width_um) * UM)
    elif (spec.vessel or spec.lesion or spec.tally.nx) and spec.beam.kind == "flat" and spec.beam.spot_mm is None:
        raise InputError(
            "missing-key",
            '"spot_mm" is missing, nothing was read',
            field="beam.spot_mm",
            hint="An infinitely wide beam falls on vessels, lesions and maps that repeat: give spot_mm, or a [cell].",
        )
    # Vessels are last, so that a vessel inside a lesion stays a vessel.
    inclusions = [
        *(_build_inclusion(lesion, [_lesion_shapes(lesion)]) for lesion in spec.lesion),
        *(_build_inclusion(vessel, _vessel_shapes(vessel)) for vessel in spec.vessel),
    ]
    if cell is None:
        _check_light_guide(spec, [inclusion for inclusion in inclusions if inclusion.mus_per_m > 0.0])
    return LayeredSpace(layered_medium(spec), inclusions, cell, phases=_phase_tables(spec))


def _check_light_guide(spec: LayersFile, scatterers: Sequence[Inclusion]) -> None:
    """Reject a clear layer that would guide light sideways for ever.

    Light that something in the layer scatters is reflected totally at both sides, where the index is lower, and is
    absorbed nowhere.
    """
    indices = [spec.ambient_n, *(layer.n for layer in spec.layer), spec.below_n]
    clear = [False, *(layer.mua_per_cm == 0.0 and layer.mus_per_cm == 0.0 for layer in spec.layer), False]
    tops = list(accumulate((layer.thickness_um or math.inf for layer in spec.layer), initial=0.0))
    spans = [shape.depth_range() for inclusion in scatterers for shape in inclusion.shapes]
    for number, layer in enumerate(spec.layer):
        above, below = tops[number] * UM, tops[number + 1] * UM
        if not clear[number + 1] or not any(low < below and high > above for low, high in spans):
            continue
        first = last = number + 1
        while clear[first]:
            first -= 1
        while clear[last]:
            last += 1
        if min(indices[first : number + 1]) < layer.n and min(indices[number + 2 : last + 1]) < layer.n:
            raise InputError(
                "endless-light-guide",
                f"light that something in this clear layer scatters stays in it for ever: its n = {layer.n:g} is above "
                "those of its sides, and it absorbs nothing, read 0",
                field=f"layer[{number}].mua_per_cm",
                hint="Give the layer some absorption, such as 0.001 per cm, or put its contents into a [cell].",
            )


def absorbing_parts(spec: LayersFile) -> list[LightLayer | LightLesion | LightVessel | LightMedium]:
    """Return the absorbing parts in the order of the file: layers, lesions and vessels, or media."""
    return [*spec.layer, *spec.lesion, *spec.vessel, *spec.medium]


def _phase_tables(spec: LayersFile) -> dict[int, tuple[list[float], list[float]]]:
    known = {phase.name: (phase.cosine, phase.density) for phase in spec.phase}
    return {number: known[part.phase] for number, part in enumerate(absorbing_parts(spec)) if part.phase is not None}


def _check_beam_entry(spec: LayersFile, width_um: float, height_um: float) -> None:
    """Reject a beam whose edge, or axis, is beside the upper face of the cube."""
    beam = spec.beam
    edge = 0.0 if beam.kind in ("pencil", "gaussian", "focused") or beam.spot_mm is None else beam.spot_mm * MM / UM / 2
    for field, at, width in (("x_um", beam.x_um, width_um), ("y_um", beam.y_um, height_um)):
        if abs(at) + edge > width / 2 * (1 + 1e-9):
            raise InputError(
                "beam-beside-cube",
                f"the beam reaches {abs(at) + edge:g} µm from the middle of a face {width:g} µm wide",
                field=f"beam.{'spot_mm' if abs(at) <= width / 2 and edge > 0 else field}",
                hint="A beam enters through the upper face: a smaller spot_mm, or an axis nearer to its middle.",
            )


def _build_inclusion(part: LightLesion | LightVessel, shapes: list[Shape]) -> Inclusion:
    return Inclusion(shapes, part.mua_per_cm * PER_CM, part.mus_per_cm * PER_CM, part.g)


def _lesion_shapes(lesion: LightLesion) -> Shape:
    shape = disc_shape if lesion.shape == "disc" else ellipsoid_shape
    return shape([at * UM for at in lesion.centre_um], [width * UM for width in lesion.size_um])


def _vessel_shapes(vessel: LightVessel) -> list[Shape]:
    """Return cylinders along the axis with round joints and ends."""
    radius = vessel.diameter_um * UM / 2.0
    points = [[at * UM for at in point] for point in vessel.points_um]
    if len(points) == 1:
        return [infinite_cylinder_shape(points[0][0], points[0][2], radius)]
    return [
        *(cylinder_shape(a, b, radius) for a, b in pairwise(points)),
        *(ball_shape(point, radius) for point in points),
    ]
