"""The skins that a plan draws for one site: with the target in them, and the ones that limits are held against."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.settings import Beam
from skinbeam.plan.search.crossed import Borders
from skinbeam.practice.spots import Learned
from skinbeam.provenance import collect, used
from skinbeam.simulate.light.illumination import Illumination, OneSkin, SpotShare
from skinbeam.simulate.light.lighting import illuminate_each, one_skin
from skinbeam.simulate.light.spot import spot_shares
from skinbeam.simulate.light.spot_table import tabulated_shares
from skinbeam.simulate.pulse.places import cells_to_border
from skinbeam.simulate.pulse.response import Response, Unlit, respond
from skinbeam.simulate.pulse.schedule import pulse_schedule
from skinbeam.simulate.removal.microlesion import Lesion, LesionOf, lesions
from skinbeam.units import MJ

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SiteSkins", "Spectrum"]

Floats = NDArray[np.float64]
_MOST_KEPT = 9_600  # draws of responses or lights, in each store
_PHOTONS = 5_000  # of a spot: its share of the light to 2 %, for many settings
_MIDDLE_OF = 20  # draws whose medians are the middle skin
_LATEST = 3  # responses: of the target, of the skin around, and of that without its cooling
Spectrum = tuple[tuple[float, float], ...]  # (wavelength in nm, share of the energy) of each line
_Key = tuple[Any, ...]


@dataclass(frozen=True)
class SiteSkins:
    """Draws for one site and one concern.

    Parameters
    ----------
    site : name of the site.
    target : skin with the concern in it (a lesion, its vessels).
    limiting : skin around it; where colour is in doubt, the darker of what was said.
    lighter : the same target in lighter skins than this, the lightest first; no dose is raised above theirs.
    layered : more draws of the skin around, of which the thickness of layers alone is asked; None for `limiting`.
    learned : device and wavelength → what earlier pulses told of that light, for the limiting draws.
    """

    site: str
    target: "xr.Dataset"
    limiting: "xr.Dataset"
    lighter: "tuple[SiteSkins, ...]" = ()
    layered: "xr.Dataset | None" = None
    learned: Mapping[tuple[str, float], Learned] = field(default_factory=dict)
    _lights: "OrderedDict[_Key, Illumination]" = field(default_factory=OrderedDict)
    _middles: dict[_Key, OneSkin] = field(default_factory=dict)
    # With the sources of each, which are named at every read and not only at the first.
    _unlit: "OrderedDict[_Key, tuple[Unlit, tuple[str, ...]]]" = field(default_factory=OrderedDict)
    _shares: dict[_Key, tuple[tuple[SpotShare, ...] | None, tuple[str, ...]]] = field(default_factory=dict)
    _lesions: dict[_Key, tuple[Lesion, tuple[str, ...]]] = field(default_factory=dict)
    _microbeams: dict[_Key, tuple[LesionOf, tuple[str, ...]]] = field(default_factory=dict)
    _latest: "OrderedDict[_Key, tuple[Response, tuple[str, ...]]]" = field(default_factory=OrderedDict)
    _few: "dict[bool, xr.Dataset]" = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether target and surroundings are the same skins."""
        return self.target is self.limiting

    @property
    def weights(self) -> tuple[Floats, Floats]:
        """Weights of target and limiting draws."""
        target, limiting = (
            np.asarray(s.variables["weight"].values, dtype=np.float64) for s in (self.target, self.limiting)
        )
        return target, limiting

    def borders(self, depth_m: "Callable[[xr.Dataset], Floats]") -> Borders:
        """Return where a border lies in such skins, as many as were drawn."""
        skins = self.limiting if self.layered is None else self.layered
        return Borders(depth_m(skins), np.asarray(skins.variables["weight"].values, dtype=np.float64))

    @property
    def temperature_C(self) -> float:
        """Mean temperature of the untreated surface."""
        return float(self.limiting.variables["temperature_C"].values.mean())

    def learned_of(self, beam: Beam) -> Learned | None:
        """What earlier pulses told of the light of a beam; None where none was of it."""
        return None if beam.device is None else self.learned.get((beam.device.name, beam.wavelength_nm))

    def respond(
        self,
        beam: Beam,
        cooling: CoolingPlan,
        *,
        limiting: bool,
        cooling_share: float = 1.0,
        near_surface: bool = False,
    ) -> Response:
        """Return the response of target or limiting skins; what settings have in common is computed once.

        `near_surface` remembers the temperature of epidermis and papillary dermis alone, which is far less to keep.
        """
        limiting = limiting and not self.same
        pulse = (
            cooling,
            cooling_share,
            beam.pulse_ms,
            beam.trains,
            beam.pulses,
            beam.repetition_Hz,
            beam.passes,
            beam.pass_interval_s,
            limiting,
        )
        lit = (beam.spectrum, beam.spot_mm, beam.profile)
        for near in (False, True) if near_surface else (False,):  # what is known of all cells is known near the surface
            if (*lit, *pulse, near) in self._latest:
                found, known = self._latest[*lit, *pulse, near]
                used(*known)
                return replace(found, beam=beam)
        with collect() as sources:
            response = self._respond(beam, cooling, cooling_share, (*pulse, near_surface), limiting=limiting)
        self._latest[*lit, *pulse, near_surface] = response, tuple(sources)
        while len(self._latest) > _LATEST:
            self._latest.popitem(last=False)
        return response

    def _respond(
        self, beam: Beam, cooling: CoolingPlan, cooling_share: float, key: _Key, *, limiting: bool
    ) -> Response:
        """The response; `key` is of what it shares without light, and ends with whether it is near the surface."""
        skins, lit = self.limiting if limiting else self.target, self.lit(beam, limiting=limiting)
        schedule = pulse_schedule(beam, cooling, cooling_share=cooling_share)
        unlit, known = self._unlit.get(key, (None, ()))
        uppermost = cells_to_border(skins, lit.grid) if key[-1] else None
        with collect() as sources:
            used(*known)
            response = respond(skins, beam, cooling, lit=lit, schedule=schedule, unlit=unlit, uppermost=uppermost)
        kept = Unlit(response.base_K, response.surface_base_K, response.met), tuple(sources)
        _keep(self._unlit, key, kept, skins.sizes["sample"])
        return response

    def lit(self, beam: Beam, *, limiting: bool) -> Illumination:
        """Return the light on the axis of a beam in target or limiting skins, solved once for each spectrum."""
        limiting = limiting and not self.same
        key = (beam.spectrum, limiting)
        if key not in self._lights:
            self._light([beam.spectrum], limiting=limiting)
        middle = self._middle(limiting=limiting)
        shares = self._shares_of(beam, middle, limiting=limiting)
        if shares is None:
            return self._lights[key].narrowed(None)
        if key not in self._middles:
            self._middles[key] = one_skin(middle, beam.spectrum)
        return self._lights[key].narrowed(shares, self._middles[key])

    def _shares_of(self, beam: Beam, middle: "xr.Dataset", *, limiting: bool) -> tuple[SpotShare, ...] | None:
        """What the spot of a beam leaves on its axis: from a table, by packets where that has no such light or skin."""
        key = (beam.spectrum, beam.spot_mm, beam.profile, limiting)
        if key not in self._shares:
            with collect() as sources:
                found = tabulated_shares(middle, beam) or spot_shares(middle, beam, photons=_PHOTONS)
            self._shares[key] = found, tuple(sources)
        shares, known = self._shares[key]
        used(*known)
        return shares

    def light_up(self, spectra: Sequence[Spectrum]) -> None:
        """Compute the light of many beams at once, which costs far less than one after the other."""
        for limiting in (False,) if self.same else (False, True):
            self._light([one for one in spectra if (one, limiting) not in self._lights], limiting=limiting)

    def _light(self, spectra: Sequence[Spectrum], *, limiting: bool) -> None:
        skins = self.limiting if limiting else self.target
        for one, lit in zip(spectra, illuminate_each(skins, spectra), strict=True):
            _keep(self._lights, (one, limiting), lit, skins.sizes["sample"])

    def lesion(self, beam: Beam, energy_mJ: float, *, limiting: bool) -> Lesion:
        """Return the lesion of a microbeam in target or limiting skins; concerns at one site share them."""
        limiting = limiting and not self.same
        micro = beam.microbeam
        assert micro is not None  # asked of fractional beams alone
        key = (beam.spectrum, beam.pulse_ms, micro.diameter_um, micro.density_per_cm2, energy_mJ, limiting)
        if key not in self._lesions:
            skins = self.limiting if limiting else self.target
            with collect() as sources:
                found = self._lesion_of(beam, key[:4], limiting=limiting)(
                    np.full(skins.sizes["sample"], energy_mJ * MJ)
                )
            self._lesions[key] = found, tuple(sources)
        found, known = self._lesions[key]
        used(*known)
        return found

    def _lesion_of(self, beam: Beam, key: _Key, *, limiting: bool) -> LesionOf:
        """What turns energies of a microbeam into lesions, made once for all of them."""
        if (*key, limiting) not in self._microbeams:
            skins, middle = self.limiting if limiting else self.target, self._middle(limiting=limiting)
            with collect() as sources:
                found = lesions(skins, beam, middle, tabulated=True)
            self._microbeams[*key, limiting] = found, tuple(sources)
        found, known = self._microbeams[*key, limiting]
        used(*known)
        return found

    def _middle(self, *, limiting: bool) -> "xr.Dataset":
        """Few draws, whose medians are the middle: a first look at few and the judgement on all of them share it."""
        if limiting not in self._few:
            self._few[limiting] = (self.limiting if limiting else self.target).isel(sample=slice(_MIDDLE_OF))
        return self._few[limiting]


def _keep(kept: "OrderedDict[_Key, Any]", key: _Key, value: Any, draws: int) -> None:
    """Keep a value of so many draws; the oldest goes when there are too many."""
    kept[key] = value
    while len(kept) > max(1, _MOST_KEPT // draws):
        kept.popitem(last=False)
