"""What earlier pulses teach of the drawn skins and of the error of each light, computed once for a plan.

The computed dose that burns is found for each drawn skin at the setting and the site of the pulse; draw k is the same
person at every site, so that its weight holds wherever the plan treats (`practice.spots`). The skin is the darker of
what was said, as limits take it, and the cooling is the device's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.messages import Message
from skinbeam.outcome.calibrated import burn_light, calibration_of
from skinbeam.plan.search.candidates import built_in_cooling
from skinbeam.plan.search.earlier_pulses import EarlierPulse
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.practice.spots import Learned, Seen, learned_from
from skinbeam.simulate.pulse.dose import cell_death_dose
from skinbeam.simulate.pulse.places import basal_layer
from skinbeam.simulate.skins.ensemble import share
from skinbeam.units import J_CM2

__all__ = ["Light", "Told", "told_of"]

Floats = NDArray[np.float64]
Light = tuple[str, float]  # device, wavelength in nm


@dataclass(frozen=True)
class Told:
    """What earlier pulses teach.

    Parameters
    ----------
    likelihood : of all of them, of each draw, (sample,); what its weight is multiplied with.
    lights : what is known of each light that was tried.
    changed : for each pulse, what it moved, in words.
    """

    likelihood: Floats
    lights: Mapping[Light, Learned]
    changed: tuple[Message, ...]

    def first(self, draws: int) -> Mapping[Light, Learned]:
        """Return what is known of each light for the first draws."""
        return {light: learned.first(draws) for light, learned in self.lights.items()}


def told_of(pulses: Sequence[EarlierPulse], draw: Callable[[str], SiteSkins]) -> Told | None:
    """Return what pulses teach; None without any.

    Parameters
    ----------
    draw : the drawn skins of a site, always as many.
    """
    if not pulses:
        return None
    weights = draw(pulses[0].site).weights[1]
    over = [one.dose_J_cm2 * J_CM2 / _computed_J_m2(one, draw(one.site)) for one in pulses]
    lights: dict[Light, Learned] = {}
    for light in dict.fromkeys(one.light for one in pulses):
        here = [
            (one, Seen(x, one.burnt, one.missed)) for one, x in zip(pulses, over, strict=True) if one.light == light
        ]
        beam = here[0][0].beam
        lights[light] = learned_from(burn_light(beam), [seen for _, seen in here])
    likelihood = np.prod([learned.likelihood for learned in lights.values()], axis=0)
    changed = tuple(
        _changed(one, x, weights, weights * likelihood, lights[one.light]) for one, x in zip(pulses, over, strict=True)
    )
    return Told(likelihood, lights, changed)


def _computed_J_m2(one: EarlierPulse, skins: SiteSkins) -> Floats:
    """The computed dose that burns each draw at the setting of the pulse, (sample,)."""
    cooling, _ = built_in_cooling(one.machine.device)
    response = skins.respond(one.beam, cooling, limiting=True)
    return cell_death_dose(response, basal_layer(response))


def _changed(one: EarlierPulse, x: Floats, before: Floats, after: Floats, learned: Learned) -> Message:
    """The probability of a burn at the dose of the pulse, before and after all that was seen."""
    params = {
        "device": one.machine.device.title,
        "pulse": one.in_words,
        "reaction": Message(f"reaction.{one.mark}"),
        "before": _of_100(share(calibration_of(one.beam).p_reached(x), before)[0]),
        "after": _of_100(share(learned.p_reached(x), after)[0]),
    }
    return Message("learned.burnt" if one.burnt else "learned.clean", params)


def _of_100(p: float) -> float:
    return round(100.0 * p, 0 if p >= 0.1 else 1)
