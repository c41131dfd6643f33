"""Skins of one site for a plan, with and without the target, and caches of their light and temperature."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.model.units import MJ
from skinbeam.model.value_equality import compared_by_value
from skinbeam.published_doses.personal_calibration import PersonalCalibration
from skinbeam.response.limits import LayerBorders
from skinbeam.simulate.light.illumination import Illumination, LitSkin, SpotShare
from skinbeam.simulate.light.lighting import illuminate_each, light_first_skin
from skinbeam.simulate.light.spot import spot_shares
from skinbeam.simulate.light.spot_table import lookup_spot_shares
from skinbeam.simulate.pulse.locations import count_cells_to_border
from skinbeam.simulate.pulse.response import PulseResponse, UnlitHistory, simulate_pulse
from skinbeam.simulate.pulse.schedule import pulse_schedule
from skinbeam.simulate.removal.microlesion import LesionByEnergy, Microlesion, microlesion_model
from skinbeam.skin.sample import SkinSample

__all__ = ["SiteSkins"]

Floats = NDArray[np.float64]
_MAX_CACHED_DRAWS = 9_600  # draws of responses or lights, in each store
_SPOT_PHOTONS = 5_000  # of a spot: accurate to 2 % of its share of the light, for many settings
_MEDIAN_SKIN_DRAWS = 20  # draws whose medians are the middle skin
_CACHED_RESPONSES = 3  # responses: of the target, of the skin around, and of that without its cooling
_ResponseKey = tuple[Any, ...]


@compared_by_value
@dataclass(frozen=True)
class SiteSkins:
    """Draws for one site and one concern.

    Parameters
    ----------
    site : name of the site.
    target : skin with the concern in it (a lesion, its vessels).
    limiting : skin around it; where colour is in doubt, the darkest that the answers allow.
    lighter_skins : the same target in lighter skins than this, the lightest first; no dose is raised above theirs.
    layer_skins : more draws of the skin around, of which only the thickness of layers is used; None for `limiting`.
    calibrations : device and wavelength → calibration of that light from earlier pulses, for the limiting draws.
    """

    site: str
    target: SkinSample
    limiting: SkinSample
    lighter_skins: "tuple[SiteSkins, ...]" = ()
    layer_skins: "SkinSample | None" = None
    calibrations: Mapping[tuple[str, float], PersonalCalibration] = field(default_factory=dict)
    _lights: "OrderedDict[_ResponseKey, Illumination]" = field(default_factory=OrderedDict)
    _middles: dict[_ResponseKey, LitSkin] = field(default_factory=dict)
    # With the sources of each, which are cited at every read and not only at the first.
    _unlit: "OrderedDict[_ResponseKey, tuple[UnlitHistory, tuple[str, ...]]]" = field(default_factory=OrderedDict)
    _shares: dict[_ResponseKey, tuple[tuple[SpotShare, ...] | None, tuple[str, ...]]] = field(default_factory=dict)
    _lesions: dict[_ResponseKey, tuple[Microlesion, tuple[str, ...]]] = field(default_factory=dict)
    _microbeams: dict[_ResponseKey, tuple[LesionByEnergy, tuple[str, ...]]] = field(default_factory=dict)
    _responses: "OrderedDict[_ResponseKey, tuple[PulseResponse, tuple[str, ...]]]" = field(default_factory=OrderedDict)
    _median_draws: "dict[bool, SkinSample]" = field(default_factory=dict)

    @property
    def is_without_target(self) -> bool:
        """Whether target and surroundings are the same skins."""
        return self.target is self.limiting

    @property
    def weights(self) -> tuple[Floats, Floats]:
        """Weights of target and limiting draws."""
        target, limiting = (np.asarray(s["weight"], dtype=np.float64) for s in (self.target, self.limiting))
        return target, limiting

    def borders(self, depth_m: "Callable[[SkinSample], Floats]") -> LayerBorders:
        """Return the depths of a border in such skins, in as many as were drawn."""
        skins = self.limiting if self.layer_skins is None else self.layer_skins
        return LayerBorders(depth_m(skins), skins["weight"])

    @property
    def temperature_C(self) -> float:
        """Mean temperature of the untreated surface."""
        return float(self.limiting["temperature_C"].mean())

    def calibration_for(self, beam: Beam) -> PersonalCalibration | None:
        """Return the calibration of a beam's light from earlier pulses; None where none had this light."""
        return None if beam.device is None else self.calibrations.get((beam.device.name, beam.wavelength_nm))

    def respond(
        self,
        beam: Beam,
        cooling: CoolingPlan,
        *,
        limiting: bool,
        cooling_share: float = 1.0,
        near_surface: bool = False,
    ) -> PulseResponse:
        """Return the response of target or limiting skins; results that settings share are computed once.

        `near_surface` stores the temperature of epidermis and papillary dermis alone, which takes far less memory.
        """
        limiting = limiting and not self.is_without_target
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
        for near in (False, True) if near_surface else (False,):  # all cells include those near the surface
            if (*lit, *pulse, near) in self._responses:
                found, known = self._responses[*lit, *pulse, near]
                cite_sources(*known)
                return replace(found, beam=beam)
        with collect_sources() as sources:
            response = self._respond(beam, cooling, cooling_share, (*pulse, near_surface), limiting=limiting)
        self._responses[*lit, *pulse, near_surface] = response, tuple(sources)
        while len(self._responses) > _CACHED_RESPONSES:
            self._responses.popitem(last=False)
        return response

    def _respond(
        self, beam: Beam, cooling: CoolingPlan, cooling_share: float, key: _ResponseKey, *, limiting: bool
    ) -> PulseResponse:
        """Return the response; `key` identifies the part without light, and ends with whether it is near_surface."""
        skins, lit = self.limiting if limiting else self.target, self.illumination(beam, limiting=limiting)
        schedule = pulse_schedule(beam, cooling, cooling_share=cooling_share)
        unlit, known = self._unlit.get(key, (None, ()))
        uppermost = count_cells_to_border(skins, lit.grid) if key[-1] else None
        with collect_sources() as sources:
            cite_sources(*known)
            response = simulate_pulse(
                skins, beam, cooling, illumination=lit, schedule=schedule, unlit_history=unlit, max_cells=uppermost
            )
        history = UnlitHistory(response.base_K, response.surface_base_K, response.surface_conditions), tuple(sources)
        _store_in_cache(self._unlit, key, history, skins.count)
        return response

    def illumination(self, beam: Beam, *, limiting: bool) -> Illumination:
        """Return the light on the axis of a beam in target or limiting skins, solved once for each spectrum."""
        limiting = limiting and not self.is_without_target
        key = (beam.spectrum, limiting)
        if key not in self._lights:
            self._light_skins(beam)
        light, middle = self._lights[key], self._middle(limiting=limiting)
        if key not in self._middles:
            cite_sources(*light.sources)  # before those of the spot, though the light may be known from the other skins
        shares = self._shares_of(beam, middle, limiting=limiting)
        if shares is None:
            return light.narrow_to_spot(None)
        if key not in self._middles:
            self._middles[key] = light_first_skin(middle, beam.spectrum)
        return light.narrow_to_spot(shares, self._middles[key])

    def _light_skins(self, beam: Beam) -> None:
        """Solve the light of a spectrum in target and limiting skins, most of whose layers are the same."""
        samples = {False: self.target} | ({} if self.is_without_target else {True: self.limiting})
        for limiting, light in zip(samples, illuminate_each(list(samples.values()), beam.spectrum), strict=True):
            _store_in_cache(self._lights, (beam.spectrum, limiting), light, samples[limiting].count)

    def _shares_of(self, beam: Beam, middle: SkinSample, *, limiting: bool) -> tuple[SpotShare, ...] | None:
        """Return the share of light that the spot of a beam leaves on its axis.

        It is read from a table, or computed with photon packets where the table has no such light or skin.
        """
        key = (beam.spectrum, beam.spot_mm, beam.profile, limiting)
        if key not in self._shares:
            with collect_sources() as sources:
                found = lookup_spot_shares(middle, beam) or spot_shares(middle, beam, photons=_SPOT_PHOTONS)
            self._shares[key] = found, tuple(sources)
        shares, known = self._shares[key]
        cite_sources(*known)
        return shares

    def lesion(self, beam: Beam, energy_mJ: float, *, limiting: bool) -> Microlesion:
        """Return the lesion of a microbeam in target or limiting skins, cached, as concerns at one site share it."""
        limiting = limiting and not self.is_without_target
        micro = beam.microbeam
        assert micro is not None  # called for fractional beams only
        key = (beam.spectrum, beam.pulse_ms, micro.diameter_um, micro.density_per_cm2, energy_mJ, limiting)
        if key not in self._lesions:
            skins = self.limiting if limiting else self.target
            with collect_sources() as sources:
                microlesion = self._lesion_of(beam, key[:4], limiting=limiting)(np.full(skins.count, energy_mJ * MJ))
            self._lesions[key] = microlesion, tuple(sources)
        microlesion, known = self._lesions[key]
        cite_sources(*known)
        return microlesion

    def _lesion_of(self, beam: Beam, key: _ResponseKey, *, limiting: bool) -> LesionByEnergy:
        """Return the function from energies of a microbeam to lesions, made once for all energies."""
        if (*key, limiting) not in self._microbeams:
            skins, middle = self.limiting if limiting else self.target, self._middle(limiting=limiting)
            with collect_sources() as sources:
                model = microlesion_model(skins, beam, middle, use_table=True)
            self._microbeams[*key, limiting] = model, tuple(sources)
        model, known = self._microbeams[*key, limiting]
        cite_sources(*known)
        return model

    def _middle(self, *, limiting: bool) -> SkinSample:
        """Return a few draws, whose medians are the middle skin.

        Figures on few draws and the judgement on all of them share it.
        """
        if limiting not in self._median_draws:
            self._median_draws[limiting] = (self.limiting if limiting else self.target).select(
                slice(_MEDIAN_SKIN_DRAWS)
            )
        return self._median_draws[limiting]


def _store_in_cache(cache: "OrderedDict[_ResponseKey, Any]", key: _ResponseKey, value: Any, draws: int) -> None:
    """Store a value of so many draws; the oldest is removed when there are too many."""
    cache[key] = value
    while len(cache) > max(1, _MAX_CACHED_DRAWS // draws):
        cache.popitem(last=False)
