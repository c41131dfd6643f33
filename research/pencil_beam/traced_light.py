"""Light of flat and Gaussian beams of any width from a single run of a pencil beam, by convolution.

`trace_pencil_beam` traces packets of a pencil beam; `PencilBeamLight.convolve` convolves them to any number of beams
(Wang, Jacques and Zheng 1997). In plane layers, a beam distributes the light that a pencil brings to a ring over rings
with shares that do not depend on depth; so a beam is a matrix (`spot_convolution`), and the energy of each plane is
conserved.

Light that has not been scattered yet is on the axis of the pencil. It is known exactly (`physics.light.layer_fluence`)
and is convolved from there; the distribution of all other light within its ring follows from the neighbouring rings.
Rings have to be narrow compared with a mean free path if the edge of a beam is to be resolved sharply.

Bins of the same packet are correlated, and the scatter of a sum does not follow from the scatter of its bins. Each
batch is therefore convolved separately, and standard errors are computed from the scatter of the results.

A plan under uncertainty would trace one pencil for each set of optical properties, and then evaluate every diameter of
the device.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.pencil_beam.spot_convolution import axis_shares, flat_beam_shares, gaussian_beam_shares
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import MM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.layer_fluence import collimated_light
from skinbeam.physics.light.layer_modes import TINY
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.light.photons import trace_batch
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.batches import BATCHES, MeanWithError, check_memory, packets_per_batch, run_in_order
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.space import LayeredSpace

__all__ = ["PencilBeamLight", "SpotLightField", "trace_pencil_beam"]


@compared_by_value
@dataclass(frozen=True)
class SpotLightField:
    """Light of a beam of finite width by depth and ring, as fractions of the incident power.

    Parameters
    ----------
    fluence_rate_rz : fluence rate over incident power, 1/m², (bin, ring).
    reflectance_r, transmittance_r : light that leaves above and below over power and area, 1/m², (ring,); without
        specular reflection.
    fluence_rate_outside : fluence rate integrated over the plane outside the rings, over power, (bin,). It includes all
        light that the pencil left outside the rings, although the beam would bring a part of it back inside.
    reflectance_outside, transmittance_outside : light that leaves outside the rings.
    standard_error : the same quantities' standard errors.
    """

    fluence_rate_rz: Floats
    reflectance_r: Floats
    transmittance_r: Floats
    fluence_rate_outside: Floats
    reflectance_outside: float
    transmittance_outside: float
    standard_error: "SpotLightField | None" = None


@compared_by_value
@dataclass(frozen=True)
class PencilBeamLight:
    """The light of a pencil beam, by batch.

    Parameters
    ----------
    z_edges_m : depths, (bin + 1,).
    ring_m : width of the rings.
    reflectance_specular : of the surface.
    packets : of each batch, (batch,).
    fluence : sums over packets, fluence rate times volume, m, (batch, bin, ring + 1), the last outside the rings.
    escaped : weight that left above and below, (batch, 2, ring + 1).
    unscattered_fluence : light that was never scattered, per incident power: fluence as above, (bin,).
    unscattered_escape : the same for light that left, (2,).
    """

    z_edges_m: Floats
    ring_m: float
    reflectance_specular: float
    packets: NDArray[np.int64]
    fluence: Floats
    escaped: Floats
    unscattered_fluence: Floats
    unscattered_escape: Floats

    def convolve(self, beam: LightBeam) -> SpotLightField:
        """Return the light of `beam`.

        Raises
        ------
        ValueError : not a pencil, flat or Gaussian beam of finite width at normal incidence on the middle of the rings;
            the rings end inside the beam, or are wider than a Gaussian beam.
        """
        cite_sources("wang1997")
        rings = self.escaped.shape[-1] - 1
        shared, axis = _ring_shares(beam, self.ring_m, rings)
        height, area = np.diff(self.z_edges_m), np.pi * self.ring_m**2 * (2.0 * np.arange(rings) + 1.0)
        # Light outside stays outside.
        whole = np.vstack([shared, np.eye(rings + 1)[-1]])
        enters = 1.0 - self.reflectance_specular
        # Unscattered light is the same in every batch: its contribution by rings is replaced by the exact one.
        inside = _batch_mean(self.fluence @ whole, self.packets)
        fluence = enters * inside.value + self.unscattered_fluence[:, None] * (axis - shared[0])
        left = _batch_mean(self.escaped @ whole, self.packets)
        out = enters * left.value + self.unscattered_escape[:, None] * (axis - shared[0])

        def field(fluence: Floats, out: Floats, error: SpotLightField | None) -> SpotLightField:
            density = out[:, :-1] / area
            return SpotLightField(
                fluence[:, :-1] / (height[:, None] * area),
                density[0],
                density[1],
                fluence[:, -1] / height,
                float(out[0, -1]),
                float(out[1, -1]),
                standard_error=error,
            )

        return field(fluence, out, field(enters * inside.error, enters * left.error, None))

    def port_reflectance(self, lit_diameter_mm: float, read_diameter_mm: float) -> tuple[float, float]:
        """Return the diffuse reflectance that an instrument reads through a port, and its standard error.

        The port lights a disc evenly and reads a disc in its middle, of the diameters given. Light that leaves the skin
        beside the disc that is read is lost: 1 minus this value over the reflectance of an infinite beam is the edge
        loss.

        Raises
        ------
        ValueError : as `convolve`; the disc that is read is wider than the rings.
        """
        beam = LightBeam(kind="flat", spot_mm=lit_diameter_mm)
        rings, radius = self.escaped.shape[-1] - 1, read_diameter_mm * MM / 2.0
        if radius > rings * self.ring_m * (1.0 + 1e-9):
            raise ValueError(f"the rings end at {rings * self.ring_m:g} m, inside the disc that is read")
        shared, axis = _ring_shares(beam, self.ring_m, rings)
        whole = np.vstack([shared, np.eye(rings + 1)[-1]])
        inner = self.ring_m * np.arange(rings)
        # Each ring counts with the share of its area that is read; the light in it is taken as uniform.
        read = np.append(np.clip((radius**2 - inner**2) / ((inner + self.ring_m) ** 2 - inner**2), 0.0, 1.0), 0.0)
        seen = _batch_mean(self.escaped[:, 0] @ whole @ read[:, None], self.packets)
        enters = 1.0 - self.reflectance_specular
        value = enters * seen.value[0] + self.unscattered_escape[0] * float((axis - shared[0]) @ read)
        # Normalised to the light that falls on the disc that is read.
        over = (lit_diameter_mm / read_diameter_mm) ** 2
        return float(value) * over, float(enters * seen.error[0]) * over


def trace_pencil_beam(
    medium: LayeredMedium, z_edges_m: Floats, ring_m: float, rings: int, photons: int = 200_000, seed: int = 0
) -> PencilBeamLight:  # fmt: skip
    """Return the light of a pencil beam at normal incidence on `medium`.

    Parameters
    ----------
    z_edges_m : rising depths, m, (bin + 1,).
    ring_m, rings : width and number of the rings.
    seed : of the random numbers. The same seed gives the same result on any number of threads.

    Raises
    ------
    ValueError : values out of range; fewer than two rings; fewer packets than batches; a semi-infinite layer that does
        not absorb.
    MemoryError : the tallies would not fit.
    """
    cite_sources("wang1995", "woodcock1965", "henyey1941", "born1999", "blackman2021", "duff2017")
    if not (ring_m > 0.0 and rings > 1):
        raise ValueError("at least two rings of a width above 0")
    packets = packets_per_batch(photons)
    edges = np.asarray(z_edges_m, dtype=np.float64)
    # Twice those of all batches, because convolution makes a copy.
    check_memory("the tallies need", 8.0 * 2 * BATCHES * (len(edges) + 1) * (rings + 1))
    scene, launch = LayeredSpace(medium).build_scene(LightBeam(kind="pencil"))
    tally = LightTally(edges, ring_m, rings)
    found = list(
        run_in_order(lambda batch: trace_batch(scene, tally, int(packets[batch]), seed=seed, batch=batch), BATCHES)
    )
    straight, straight_out = _unscattered_light(medium, edges)
    return PencilBeamLight(
        edges,
        ring_m,
        launch.specular_reflectance,
        packets,
        np.array([batch.fluence for batch in found]),
        np.array([batch.escaped_by_ring for batch in found]),
        straight,
        straight_out,
    )


def _ring_shares(beam: LightBeam, ring_m: float, rings: int) -> tuple[Floats, Floats]:
    """Return the distribution over rings of light of each ring, (ring, ring + 1), and of the axis, (ring + 1,)."""
    if beam.kind not in ("pencil", "flat", "gaussian") or beam.angle_deg or beam.x_um or beam.y_um:
        raise ValueError("a spot is a pencil, flat or Gaussian beam that falls straight onto the middle of the rings")
    if beam.kind == "pencil":
        return np.eye(rings, rings + 1), np.eye(1, rings + 1)[0]
    if beam.spot_mm is None:
        raise ValueError("an endless beam has no rings: its fluence is that of a plane")
    radius = beam.spot_mm * MM / 2.0
    # A radius of a whole number of rings may be rounded.
    if rings * ring_m < radius * (1.0 - 1e-9):
        raise ValueError(f"the rings end at {rings * ring_m:g} m, inside the beam of radius {radius:g} m")
    map_of = flat_beam_shares if beam.kind == "flat" else gaussian_beam_shares
    return map_of(radius, ring_m, rings), axis_shares(beam.kind, radius, ring_m, rings)


def _unscattered_light(medium: LayeredMedium, edges: Floats) -> tuple[Floats, Floats]:
    """Return fluence rate times height by bin, m, and light that leaves above and below, of light never scattered."""
    mua, mus, n, thickness = (
        np.asarray(values, dtype=np.float64)[None, :]
        for values in (medium.mua_per_m, medium.mus_per_m, medium.n, medium.thickness_m)
    )
    tau = (mua + mus) * thickness
    beam = collimated_light(np.array([[medium.ambient_n, *n[0], medium.below_n]]), tau)
    pieces = _cut_bins(edges[None, :], thickness)
    top, bottom = pieces.layer_values(mua + mus) * pieces.top, pieces.layer_values(mua + mus) * pieces.bottom
    # Of a semi-infinite layer no light comes back, so that its end does not count.
    end = pieces.layer_values(np.where(np.isinf(tau), 0.0, tau))
    means = pieces.collect(
        _mean_collimated_fluence(pieces.layer_values(beam.down), pieces.layer_values(beam.up), top, bottom, end)
    )
    return means[0] * np.diff(edges), np.array([beam.internal_reflectance[0], beam.transmittance[0]])


def _mean_collimated_fluence(down: Floats, up: Floats, top: Floats, bottom: Floats, end: Floats) -> Floats:
    """Return the mean collimated fluence rate from optical depth `top` to `bottom` of a layer that ends at `end`."""
    below = np.maximum(end - bottom, 0.0)
    path = np.maximum(bottom - top, TINY)
    return np.asarray((down * np.exp(-top) + up * np.exp(-below)) * (-np.expm1(-path) / path))


# Bins that lie in several layers.


@compared_by_value
@dataclass(frozen=True)
class _BinPieces:
    """Depth bins cut at the interfaces.

    Parameters
    ----------
    layer : index of the layer of a piece, (sample, piece).
    top, bottom : depth below the top of that layer, m, (sample, piece).
    bin : index of its bin, `bins` for none, (sample, piece).
    share : share of the bin's width, (sample, piece).
    bins : number of bins.
    """

    layer: NDArray[np.intp]
    top: Floats
    bottom: Floats
    bin: NDArray[np.intp]
    share: Floats
    bins: int

    def layer_values(self, layers: Floats) -> Floats:
        """Return the value of its layer for each piece, from values (sample, layer)."""
        return np.take_along_axis(layers, self.layer, axis=1)

    def collect(self, means: Floats) -> Floats:
        """Return bin means, (sample, bin), from the means over pieces."""
        samples = means.shape[0]
        total = np.zeros((samples, self.bins + 1))
        np.add.at(total, (np.arange(samples)[:, None], self.bin), means * self.share)
        return total[:, :-1]


def _cut_bins(edges: Floats, thickness: Floats) -> _BinPieces:
    """Cut the bins between `edges`, m, (sample, bin + 1), where layers of `thickness`, m, (sample, layer), meet."""
    layers, bins = thickness.shape[1], edges.shape[1] - 1
    bottoms = np.cumsum(thickness, axis=1)
    tops = np.concatenate([np.zeros_like(bottoms[:, :1]), bottoms[:, :-1]], axis=1)
    inner = np.clip(bottoms, edges[:, :1], edges[:, -1:])
    cuts = np.sort(np.concatenate([edges, inner], axis=1), axis=1)
    low, high = cuts[:, :-1], cuts[:, 1:]
    middle = 0.5 * (low + high)
    layer = np.sum(middle[:, :, None] >= bottoms[:, None, :], axis=-1)
    index = np.sum(middle[:, :, None] >= edges[:, None, 1:], axis=-1)
    outside = (layer == layers) | (index == bins)
    layer = np.minimum(layer, layers - 1)
    width = np.take_along_axis(np.diff(edges, axis=1), np.minimum(index, bins - 1), axis=1)
    top = np.take_along_axis(tops, layer, axis=1)
    limit = np.where(outside, 0.0, np.take_along_axis(thickness, layer, axis=1))
    # Rounding may put an edge a little outside its layer.
    return _BinPieces(
        layer,
        np.clip(low - top, 0.0, limit),
        np.clip(high - top, 0.0, limit),
        np.where(outside, bins, index),
        (high - low) / width,
        bins,
    )


# Means over batches.


def _batch_mean(batch_sums: Floats, packets: NDArray[np.int64]) -> MeanWithError:
    """Return mean and standard error from the sums of batches, (batch, ...), each counted by its packets, (batch,)."""
    weights = packets.reshape(-1, *[1] * (batch_sums.ndim - 1))
    value = batch_sums.sum(axis=0) / packets.sum()
    variance = np.sum(weights * (batch_sums / weights - value) ** 2, axis=0) / packets.sum()
    return MeanWithError(value, np.sqrt(variance / (len(packets) - 1)))
