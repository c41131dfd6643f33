"""Choose between settings of one device: what the draws cannot tell apart does not decide.

First the share that reaches the target and is not injured, as options are ranked: three more of 100 that reach it are
not worth five more that are burnt. Settings whose shares the draws do not tell apart from the best one's, and that
injure no more, are abreast, and of these the one is taken that bruises the fewest skins: purpura of the skin around is
one to two weeks of a bruise on a face. Rupture of the target itself is no reason: where they close, wide vessels are
torn by short and long pulses nearly alike.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.plan.search.limits import ONE_SIDED_95, target
from skinbeam.plan.search.trial import Trial
from skinbeam.simulate.skins.ensemble import effective_draws, share

__all__ = ["abreast", "clearly_more", "gentlest", "in_order", "merit", "told_apart"]

Met = NDArray[np.bool_]


# Shares of the injured that are no reason to choose: a hundredth.
_ALIKE = 0.01
# Shares that reach the target or bruise: a twentieth, which is what doses that differ by a few per cent make.
_CLEARLY = 0.05


def merit(trial: Trial) -> tuple[float, ...]:
    """Sort key: reaches the target uninjured, then as deep as is aimed, then least harm, then the wider spot, which
    treats an area with fewer pulses, then the shorter pulse.

    In steps that the skins can tell: shares of a tenth (8 of 10 have a standard error of 7 of 100 in the 32 of a first
    look), harms of two hundredths (5 of 100 have one of 1.5 among 200).
    """
    harm = int(trial.p_broken / (2 * _ALIKE))
    return (-round(_uninjured(trial), 1), -round(_deep(trial), 1), harm, *_handy(trial))


def _uninjured(trial: Trial) -> float:
    """Share that reaches the target, up to what is wanted, and is not injured."""
    return min(trial.p_effective, target().wanted) * (1.0 - trial.p_broken)


def _deep(trial: Trial) -> float:
    """Share that is reached as deep as is aimed, up to what is wanted."""
    return min(trial.deep, target().aimed)


def _handy(trial: Trial) -> tuple[float, float]:
    """The wider spot first, then the shorter pulse."""
    return (0.0 if trial.machine.device.microbeam else -trial.setting.spot_mm, trial.setting.pulse_ms)


def in_order(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials by merit, and first of all the widest spot that reaches as many and harms as few as the best.

    A step of a hundredth between two shares is no reason to choose the narrower spot, wherever it happens to fall.
    """
    ordered = sorted(trials, key=merit)
    first = min((one for one in ordered if _is_alike(one, ordered[0])), key=_handy, default=None)
    return ordered if first is None else [first, *(one for one in ordered if one is not first)]


def _is_alike(trial: Trial, best: Trial) -> bool:
    fewer = _uninjured(best) - _uninjured(trial)
    shallower = _deep(best) - _deep(trial)
    return max(fewer, shallower, trial.p_broken - best.p_broken) <= _ALIKE


def told_apart(more: Met, fewer: Met, weights: NDArray[np.float64]) -> bool:
    """Return whether the same draws show that `more` holds in a greater share of skins than `fewer`.

    Draws in which both or neither hold say nothing. Of the b + c others, b are for `more`; if either were as likely,
    b - c would have the standard error sqrt(b + c) (McNemar 1947). The bound (plan 3) is one-sided, 95 %, as of limits.

    Parameters
    ----------
    more, fewer : (sample,) in which draws each holds.
    weights : of the draws.
    """
    draws = effective_draws(weights)
    b, c = (draws * share(only, weights)[0] for only in (more & ~fewer, fewer & ~more))
    return b - c > ONE_SIDED_95 * math.sqrt(b + c)


def clearly_more(more: Met, fewer: Met, weights: NDArray[np.float64]) -> bool:
    """Return whether `more` holds in a share that the draws tell to be greater, and greater by over a twentieth.

    Hundreds of draws tell differences that are no reason to choose, and which of them they tell hangs on the seed.
    """
    return told_apart(more, fewer, weights) and share(more, weights)[0] - share(fewer, weights)[0] > _CLEARLY


def abreast(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that reach the target in as many skins as the best one, as far as draws can tell; best first.

    What reaches the share that is wanted is as good as any; what injures more than the best one is not.
    """
    ordered = sorted(trials, key=merit)
    return [trial for trial in ordered if _is_abreast(trial, ordered[0])]


def _is_abreast(trial: Trial, best: Trial) -> bool:
    if round(trial.p_broken - best.p_broken, 2) > _ALIKE:
        return False
    enough = trial.p_effective >= target().wanted
    return enough or not clearly_more(best.effective, trial.effective, trial.weights[0])


def gentlest(trials: Sequence[Trial]) -> Trial:
    """Return the trial that bruises the fewest skins; of those that bruise hardly more, the longest pulse, which spares
    skin a bruise, and of these the spot nearest to those of practice.

    Every trial knows its bruising.
    """
    bruised = [(trial.bruising.bruised, trial) for trial in trials if trial.bruising is not None]
    least, _ = min(bruised, key=lambda found: (share(found[0], found[1].weights[0])[0], merit(found[1])))
    return min((t for hurt, t in bruised if not clearly_more(hurt, least, t.weights[0])), key=_sparing)


def _sparing(trial: Trial) -> tuple[float, float, float]:
    """The longest pulse first, then the spot nearest to the middle of practice, then the wider one."""
    machine, setting = trial.machine, trial.setting
    middle = None if machine.region is None else machine.region.middle_spot_mm(machine.device, setting)
    off = 0.0 if middle is None else abs(math.log(setting.spot_mm / middle))
    return -setting.pulse_ms, off, -setting.spot_mm
