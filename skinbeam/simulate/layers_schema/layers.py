"""The layers file of `skinbeam light`: layers with inclusions or voxels, a beam, phase functions and tally bins."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from skinbeam.model.document import canonical_json, sha256_hex
from skinbeam.model.errors import InputError, spelling_hint
from skinbeam.model.exposure import Layer
from skinbeam.model.fields import FieldError, InputTable, number, text, whole_number
from skinbeam.model.input_files import file_exists, parse_record, read_toml
from skinbeam.model.value_equality import compared_by_value
from skinbeam.simulate.layers_schema.beam import LightBeam
from skinbeam.simulate.layers_schema.inclusions import LightLesion, LightVessel, PeriodicCell, check_inclusions

__all__ = [
    "LayersFile",
    "LightBeam",
    "LightLayer",
    "LightLesion",
    "LightMedium",
    "LightVessel",
    "LoadedLayers",
    "PeriodicCell",
    "PhaseFunction",
    "TallyBins",
    "VoxelCube",
    "check_phase_functions",
    "layers_from_tables",
    "load_layers",
]


# Largest difference between g and the mean cosine of the table: a value with two digits passes.
G_TOLERANCE = 0.005


class PhaseFunction(InputTable):
    """A tabulated phase function: density of the cosine of the scattering angle, linear between points, in any unit."""

    name: Annotated[str, text(100)]
    cosine: Annotated[list[Annotated[float, number(-1, 1, "")]], Field(min_length=2, max_length=10_000)]
    density: Annotated[list[Annotated[float, number(0, 1e12, "")]], Field(min_length=2, max_length=10_000)]

    @model_validator(mode="after")
    def _check_density(self) -> "PhaseFunction":
        if len(self.cosine) != len(self.density):
            raise FieldError(
                "lengths-differ",
                f"{len(self.cosine)} cosines and {len(self.density)} densities",
                "As many densities as cosines.",
                field="density",
            )
        if self.cosine[0] != -1 or self.cosine[-1] != 1:
            raise FieldError(
                "table-too-short",
                f"the cosines run from {self.cosine[0]:g} to {self.cosine[-1]:g}",
                "From -1, straight back, to 1, straight on.",
                field="cosine",
            )
        fall = next((k for k, (a, b) in enumerate(pairwise(self.cosine)) if not a < b), None)
        if fall is not None:
            raise FieldError(
                "not-rising",
                f"the cosines do not rise, read {self.cosine[fall]:g} and then {self.cosine[fall + 1]:g}",
                "Each above the one before.",
                field=f"cosine[{fall + 1}]",
            )
        if not any(self.density):
            raise FieldError("nothing-scattered", "all densities are 0", "At least one above 0.", field="density")
        return self

    @property
    def mean_cosine(self) -> float:
        """Mean cosine of the scattering angle."""
        whole, moment = 0.0, 0.0
        for (a, b), (p, q) in zip(pairwise(self.cosine), pairwise(self.density), strict=True):
            whole += (b - a) * (p + q) / 2
            moment += (b - a) * (p * (2 * a + b) + q * (a + 2 * b)) / 6
        return moment / whole


def check_phase_functions(phases: Sequence[PhaseFunction], groups: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """Reject duplicate phase functions, references to unknown ones, and values of g that contradict their table.

    Parameters
    ----------
    groups : (name of the table in the file, its entries with `g` and `phase`).

    Raises
    ------
    FieldError : names the field.
    """
    known = {phase.name: phase for phase in phases}
    for index, phase in enumerate(phases):
        if any(phase.name == earlier.name for earlier in phases[:index]):
            raise FieldError(
                "phase-twice",
                f'the second phase called "{phase.name}"',
                "The name of a phase is unique.",
                field=f"phase[{index}].name",
            )
    for group, entries in groups:
        for index, entry in enumerate(entries):
            if entry.phase is None:
                continue
            if entry.phase not in known:
                raise FieldError(
                    "unknown-phase",
                    f'no [[phase]] is called "{entry.phase}"',
                    f"{spelling_hint([entry.phase], list(known))}Give a [[phase]] of that name.",
                    field=f"{group}[{index}].phase",
                )
            mean = known[entry.phase].mean_cosine
            if abs(mean - entry.g) > G_TOLERANCE:
                raise FieldError(
                    "g-not-of-phase",
                    f'the mean cosine of "{entry.phase}" is {mean:.4g}, read g = {entry.g:g}',
                    f"Write g = {mean:.4g}, or leave phase out.",
                    field=f"{group}[{index}].g",
                )


DEFAULT_BINS = 100
DEFAULT_DEPTH_UM = 5000.0
# Significant digits of numbers in a light document, its input among them.
LIGHT_DIGITS = 12

BinWidth = Annotated[float, number(0, 1e6, "µm", exclude_low=True)]
BinCount = Annotated[int, whole_number(1, 20_000)]


class TallyBins(InputTable):
    """Bins of depth, and of radius or of x and y around the middle for methods that resolve them."""

    dr_um: BinWidth | None = None
    dz_um: BinWidth | None = None
    nr: BinCount | None = None
    nz: BinCount | None = None
    dx_um: BinWidth | None = None
    nx: BinCount | None = None
    dy_um: BinWidth | None = None
    ny: BinCount | None = None

    @property
    def has_rings(self) -> bool:
        """Whether light by radius is requested; either of `nr` and `dr_um` may be left out."""
        return self.nr is not None or self.dr_um is not None

    @property
    def rings(self) -> tuple[int, float]:
        """Number of rings and their width in µm; by default 100 rings, to 5 mm."""
        count = self.nr or DEFAULT_BINS
        return count, self.dr_um or DEFAULT_DEPTH_UM / count

    @model_validator(mode="after")
    def _check_pairs(self) -> "TallyBins":
        needs = {"dx_um": "nx", "nx": "dx_um", "dy_um": "dx_um", "ny": "nx"}
        for given, needed in needs.items():
            if getattr(self, given) is not None and getattr(self, needed) is None:
                raise FieldError(
                    "missing-key",
                    f'"{needed}" is missing, nothing was read',
                    f"{given} needs it: a map has bins of a width and a number of them.",
                    field=needed,
                )
        if self.has_rings and self.nx is not None:
            raise FieldError(
                "two-maps",
                "bins of radius and of x are both given",
                "Keep dr_um and nr, or dx_um and nx.",
                field="nx",
            )
        return self


class VoxelCube(InputTable):
    """A file with a cube of indices into the media, axes x, y, z with z downwards, and the voxel size."""

    file: Annotated[str, text(255)]
    size_um: Annotated[float, number(0, 1e5, "µm", exclude_low=True)]


class LightLayer(Layer):
    """A layer; `phase` names its tabulated phase function, used instead of Henyey and Greenstein's law."""

    phase: Annotated[str, text(100)] | None = None


class LightMedium(InputTable):
    """Optical properties of a medium of voxels."""

    name: Annotated[str, text(100)]
    mua_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    mus_per_cm: Annotated[float, number(0, 1e6, "1/cm")]
    g: Annotated[float, number(-0.999, 0.999, "")]
    n: Annotated[float, number(1, 3, "")]
    phase: Annotated[str, text(100)] | None = None


class LayersFile(InputTable):
    """The contents of a layers file."""

    title: Annotated[str, text(200)] = ""
    ambient_n: Annotated[float, number(1, 3, "")] = 1.0
    below_n: Annotated[float, number(1, 3, "")] = 1.0
    beam: LightBeam = LightBeam()
    tally: TallyBins = TallyBins()
    layer: list[LightLayer] = Field(default=[], max_length=100)
    vessel: list[LightVessel] = Field(default=[], max_length=1000)
    lesion: list[LightLesion] = Field(default=[], max_length=1000)
    cell: PeriodicCell | None = None
    voxels: VoxelCube | None = None
    medium: list[LightMedium] = Field(default=[], max_length=1000)
    phase: list[PhaseFunction] = Field(default=[], max_length=100)


@compared_by_value
@dataclass(frozen=True)
class LoadedLayers:
    """A validated layers file.

    Parameters
    ----------
    spec : its content.
    cube : indices into the media, (x, y, z), z downwards; None for layers.
    """

    spec: LayersFile
    cube: NDArray[np.uint16] | None = field(default=None, compare=False, repr=False)

    def sha256(self) -> str:
        """Return the hash of the validated file: with defaults, without title and paths, a cube by its voxels."""
        record = _hashed_content(self.spec)
        if self.cube is not None:
            content = hashlib.sha256(repr(self.cube.shape).encode())
            content.update(self.cube.astype("<u2", copy=False).data)
            record["voxels"]["file"] = content.hexdigest()
        return sha256_hex(canonical_json(record, LIGHT_DIGITS).encode())

    def edges_um(self) -> list[float]:
        """Return the edges of the depth bins.

        They are those of the tally, by default the planes between voxels, or 100 bins to 5 mm or to the end of the last
        layer.
        """
        thicknesses = [layer.thickness_um for layer in self.spec.layer]
        count, end = DEFAULT_BINS, DEFAULT_DEPTH_UM
        if self.spec.voxels is not None and self.cube is not None:
            count = self.cube.shape[2]
            end = count * self.spec.voxels.size_um
        elif thicknesses and thicknesses[-1] is not None:
            end = min(end, sum(thickness for thickness in thicknesses if thickness is not None))
        bins = self.spec.tally.nz or count
        step = self.spec.tally.dz_um or end / bins
        return [step * index for index in range(bins + 1)]


def load_layers(path: Path) -> LoadedLayers:
    """Read and validate the layers file at `path`.

    Raises
    ------
    InputError : whatever is wrong with it, with the path of the field.
    """
    return layers_from_tables(read_toml(path, field="layers", description="a layers file"), path)


def layers_from_tables(content: Mapping[str, Any], path: Path) -> LoadedLayers:
    """Validate the tables of a layers file.

    Parameters
    ----------
    path : of the file; a cube is in its folder.

    Raises
    ------
    InputError : whatever is wrong with them, with the path of the field.
    """
    try:
        spec = parse_record(LayersFile, content, file=path.name)
    except InputError:
        # A missing cube is reported before an invalid medium: without the cube no medium is used.
        if voxels := _read_voxels_table(content):
            _cube_path(voxels, path)
        raise
    try:
        _check_tables(spec)
    except FieldError as fault:
        raise fault.in_file(path.name) from None
    if spec.voxels is None:
        return LoadedLayers(spec)
    from skinbeam.simulate.layers_schema.voxels import load_cube

    return LoadedLayers(spec, load_cube(_cube_path(spec.voxels, path), len(spec.medium), file=path.name))


def _hashed_content(spec: LayersFile) -> dict[str, Any]:
    """Return the content without the title and without empty and default entries.

    A file that does not use a newer key therefore keeps its hash.
    """
    record = spec.model_dump(exclude={"title"}, exclude_none=True)
    for name in ("vessel", "lesion", "phase"):
        if not record[name]:
            del record[name]
    for name in ("angle_deg", "x_um", "y_um"):
        if record["beam"][name] == 0:
            del record["beam"][name]
    for table, width, height in (("tally", "dx_um", "dy_um"), ("tally", "nx", "ny"), ("cell", "width_um", "height_um")):
        if width in record.get(table, {}):
            record[table].setdefault(height, record[table][width])
    return record


def _check_tables(spec: LayersFile) -> None:
    """Reject tables that contradict each other.

    Raises
    ------
    FieldError : the first contradiction.
    """
    _check_single_geometry(spec)
    _check_names_differ("layer", [layer.name for layer in spec.layer])
    _check_names_differ("medium", [medium.name for medium in spec.medium])
    _check_thicknesses(spec.layer)
    groups = (("layer", spec.layer), ("vessel", spec.vessel), ("lesion", spec.lesion), ("medium", spec.medium))
    check_phase_functions(spec.phase, groups)
    check_inclusions(spec.layer, spec.vessel, spec.lesion, spec.cell)


def _check_single_geometry(spec: LayersFile) -> None:
    if spec.voxels is None and spec.medium:
        raise FieldError(
            "medium-without-voxels",
            "[[medium]] stands without [voxels]",
            "Media fill voxels; layers are written as [[layer]].",
            field="medium",
        )
    if spec.voxels is not None and spec.layer:
        raise FieldError(
            "two-geometries",
            "[[layer]] and [voxels] are both given",
            "Keep [[layer]], or [voxels] with [[medium]].",
            field="voxels",
        )
    for name in ("vessel", "lesion", "cell"):
        if spec.voxels is not None and getattr(spec, name):
            raise FieldError(
                "two-geometries",
                f"[voxels] and {name} are both given",
                f"Write the {name} into the cube, or use [[layer]].",
                field=name,
            )
    if spec.voxels is not None and not spec.medium:
        raise FieldError(
            "missing-key",
            '"medium" is missing, nothing was read',
            "Give a [[medium]] for each index in the cube.",
            field="medium",
        )
    if spec.voxels is None and not spec.layer:
        raise FieldError(
            "missing-key",
            '"layer" is missing, nothing was read',
            "Give at least one [[layer]], or [voxels] with [[medium]].",
            field="layer",
        )


def _check_names_differ(kind: str, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise FieldError(
                f"{kind}-twice",
                f'the second {kind} called "{name}"',
                f"The name of a {kind} is unique.",
                field=f"{kind}[{index}].name",
            )


def _check_thicknesses(layers: Sequence[Layer]) -> None:
    for index, layer in enumerate(layers[:-1]):
        if layer.thickness_um is None:
            raise FieldError(
                "layer-without-thickness",
                "a layer above another has no thickness_um, nothing was read",
                "Only the last layer may be left without a thickness: it is then semi-infinite.",
                field=f"layer[{index}].thickness_um",
            )
    if layers and layers[-1].thickness_um is None and layers[-1].mua_per_cm + layers[-1].mus_per_cm == 0:
        raise FieldError(
            "endless-clear-layer",
            "a semi-infinite layer neither absorbs nor scatters, read mua_per_cm = 0 and mus_per_cm = 0",
            "Give the layer a thickness; light leaves it below as transmittance.",
            field=f"layer[{len(layers) - 1}].thickness_um",
        )


def _read_voxels_table(content: Mapping[str, Any]) -> VoxelCube | None:
    """Return the table [voxels] of an invalid file; None if it is missing or invalid itself."""
    try:
        return VoxelCube.model_validate(content.get("voxels"))
    except ValidationError:
        return None


def _cube_path(voxels: VoxelCube, path: Path) -> Path:
    cube = (path.parent / str(voxels.file)).resolve()
    if not cube.is_relative_to(path.parent.resolve()):
        raise InputError(
            "outside-folder",
            f'"{voxels.file}" lies outside the folder of the layers file',
            field="voxels.file",
            hint="Put the file beside the layers file and give its relative name.",
            file=path.name,
        )
    if cube.suffix not in (".npz", ".zarr"):
        raise InputError(
            "wrong-value",
            f'"{voxels.file}" is neither .npz nor .zarr',
            field="voxels.file",
            hint="A cube in a .npz file or a .zarr folder.",
            file=path.name,
        )
    if not file_exists(cube, Path.exists):
        raise InputError(
            "missing-file",
            f'no file "{voxels.file}"',
            field="voxels.file",
            hint="A file beside the layers file.",
            file=path.name,
        )
    return cube
