"""From a case to what is simulated: the skins, the beam, the cooling, the dose; and the run over chunks of draws."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from skinbeam.errors import InputError
from skinbeam.laser import cooling as laser_cooling
from skinbeam.laser import settings as laser_settings
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.settings import Beam
from skinbeam.schema.load import LoadedCase
from skinbeam.simulate.appearance import weigh_by_reading
from skinbeam.simulate.ensemble import chunks
from skinbeam.skin.model import Skin

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Scene", "run_chunks", "scene_of"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Scene:
    """What a pulse case describes.

    Parameters
    ----------
    skin : the skin to draw from.
    beam : None for a bath, or for cooling alone.
    bath : (temperature in °C, exposure in s or None) or None.
    warnings : what the reader should know about the case.
    """

    loaded: LoadedCase
    skin: Skin
    beam: Beam | None
    cooling: CoolingPlan
    bath: tuple[float, float | None] | None
    warnings: tuple[dict[str, str], ...]


def scene_of(loaded: LoadedCase, *, dose_required: bool = True) -> Scene:
    """Return the scene of a pulse case.

    Raises
    ------
    InputError : nothing to simulate, or settings that the device cannot emit.
    """
    case = loaded.case
    beam = None
    if case.laser is not None or case.settings is not None or case.microbeam is not None:
        beam = laser_settings.resolve(case, loaded.folder, dose_required=dose_required)
    elif case.bath is None and case.cooling is None:
        raise InputError(
            "missing-key",
            "neither a laser, nor a bath, nor cooling was read",
            field="laser",
            hint="A pulse needs [laser] and [settings]; a contact burn needs [bath]; cooling can stand alone.",
            file=loaded.file,
        )
    cooling = laser_cooling.resolve(case.cooling, beam.device if beam is not None else None)
    bath = (case.bath.temperature_C, case.bath.exposure_s) if case.bath is not None else None
    return Scene(loaded, Skin.from_case(case), beam, cooling, bath, _warnings(loaded))


def run_chunks(scene: Scene, draws: int, seed: int, work: Callable[["xr.Dataset"], Result]) -> list[Result]:
    """Return the results of `work` on successive chunks of draws; memory does not grow with their number."""
    results = []
    reading = scene.loaded.case.skin.reflectance if scene.loaded.case.skin is not None else None
    for part in chunks(draws):
        skins = scene.skin.sample(part.stop - part.start, seed, start=part.start)
        if reading is not None:
            skins = weigh_by_reading(skins, reading)
        results.append(work(skins))
    return results


def _warnings(loaded: LoadedCase) -> tuple[dict[str, str], ...]:
    case = loaded.case
    found = []
    tables = (("test_spot", case.test_spot), ("session", case.session), ("clinic", case.clinic))
    for name, value in tables:
        if value:
            found.append(
                {"code": "not-used-yet", "message": f"[{name}] has no influence on this result in this release"}
            )
    return tuple(found)
