"""One run for every absorption: an ensemble over melanin, blood and wavelengths at equal scattering.

`record` traces packets once, with scattering alone; `Histories.light` tells the light of any number of members from it
(Graaff et al. 1993). A plan under uncertainty would use it so: the members of an ensemble that share scattering,
indices and thicknesses become rows of μa by layer; the medium of `record` has the lowest μa of each layer over the
rows; and the rows then cost one evaluation each instead of one run each. All members see the same packets, so that
their differences are known better than each of them, and their errors are not independent.

Fluence by depth needs nothing more: split a layer into thinner ones. What a part of thickness d absorbs, divided by
μa d, is the mean fluence rate there over the irradiance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.histories import ENDED, ENTRY_BYTES, REFLECTED, TRANSMITTED, Record, evaluate, trace_histories
from skinbeam.provenance import used
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.batches import BATCHES, fits, mean, shares, side_by_side
from skinbeam.simulate.medium import Floats, LayeredMedium
from skinbeam.simulate.space import Layers

__all__ = ["Histories", "LightFields", "record"]

_TRIED = 1024  # packets traced to see how long a record will be


@dataclass(frozen=True)
class LightFields:
    """Light of the members of an ensemble, as fractions of the incident power.

    Parameters
    ----------
    reflectance_specular : of all members alike.
    reflectance_diffuse, transmittance, roulette_balance : (member,); the balance is what roulette took, less what it
        gave.
    absorbed_fraction : (member, layer).
    photons : launched, the same for all members.
    standard_error : the same quantities' standard errors.
    """

    reflectance_specular: float
    reflectance_diffuse: Floats
    transmittance: Floats
    roulette_balance: Floats
    absorbed_fraction: Floats
    photons: int
    standard_error: "LightFields | None" = None


@dataclass(frozen=True)
class Histories:
    """The packets of one run.

    Parameters
    ----------
    medium : the layers, with the reference absorption, which no member may go below.
    reflectance_specular : of the surface.
    packets : of each batch, (batch,).
    batches : the record of each batch.
    """

    medium: LayeredMedium
    reflectance_specular: float
    packets: NDArray[np.int64]
    batches: tuple[Record, ...]

    @property
    def memory_bytes(self) -> int:
        """What the records take."""
        return sum(entries.nbytes + lengths.nbytes for entries, lengths in self.batches)

    def light(self, mua_per_m: Floats) -> LightFields:
        """Return the light of all members, from their absorption coefficients, (member, layer).

        Raises
        ------
        ValueError : not a row of all layers for each member; a coefficient below the reference or not finite.
        MemoryError : too many members.
        """
        used("graaff1993condensed")
        mua, reference = np.asarray(mua_per_m, dtype=np.float64), np.asarray(self.medium.mua_per_m, dtype=np.float64)
        if mua.ndim != 2 or mua.shape[1] != len(reference):
            raise ValueError(f"absorption is (member, {len(reference)}), a row of all layers for each member")
        if not np.all(np.isfinite(mua)):
            raise ValueError("absorption coefficients are finite")
        below = np.argwhere(mua < reference)
        if len(below):
            member, layer = below[0]
            raise ValueError(
                f"member {member} absorbs less in layer {layer} than the reference, "
                f"{mua[member, layer]:g} against {reference[layer]:g} /m: record with the lowest of the ensemble"
            )
        fits("the members need", 8.0 * 2 * BATCHES * (3 + len(reference)) * len(mua))
        found = np.array(side_by_side(lambda batch: evaluate(self.batches[batch], mua)))
        enters = 1.0 - self.reflectance_specular
        each = mean(found, self.packets)
        photons = int(self.packets.sum())
        error = _fields(0.0, enters * each.error, photons, None)
        return _fields(self.reflectance_specular, enters * each.value, photons, error)


def record(medium: LayeredMedium, photons: int, seed: int = 0) -> Histories:
    """Return the histories of `photons` packets of a collimated beam that falls straight onto `medium`.

    Parameters
    ----------
    medium : its μa is the reference, the lowest of the ensemble in each layer; 0 is allowed where layers end below.
    seed : of the random numbers. The same seed gives the same record on any number of threads.

    Raises
    ------
    ValueError : values out of range; fewer packets than batches; a semi-infinite layer that does not absorb.
    MemoryError : the record would not fit.
    """
    used("graaff1993condensed", "wang1995", "henyey1941", "born1999", "blackman2021", "duff2017")
    packets = shares(photons)
    scene, launch = Layers(medium).scene(LightBeam(kind="pencil"))
    tried = min(photons, _TRIED)
    # From random numbers of its own, after those of the batches.
    visits = len(trace_histories(scene.slabs, tried, seed=seed, batch=BATCHES)[0]) / tried
    fits("the record needs", ENTRY_BYTES * visits * photons)
    batches = side_by_side(
        lambda batch: trace_histories(scene.slabs, int(packets[batch]), seed=seed, batch=batch)
    )  # fmt: skip
    return Histories(medium, launch.specular, packets, tuple(batches))


def _fields(specular: float, parts: Floats, photons: int, error: LightFields | None) -> LightFields:
    return LightFields(
        specular, parts[REFLECTED], parts[TRANSMITTED], parts[ENDED], parts[3:].T, photons, standard_error=error
    )  # fmt: skip
