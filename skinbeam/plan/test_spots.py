"""Test spots for the first laser of each concern: the doses that tell most of this skin, none above the planned one.

A spot splits the doses at which this person may burn in two: below it where it is burnt, above it where it is clean.
Several split them in intervals, and what is learned on average is the entropy of those,

    H = - sum over intervals of p ln p,   p = P(the dose that burns lies in the interval)                  (ladder 1)

The greatest spot has the planned dose, so that the chance that any of them burns is that of one pulse of the plan. The
least burns hardly anybody. Those between are the doses of the device with the greatest H.

Where no calibration tells of burns, spots are shares of the planned dose. Where that is the least of the device, as the
energy of a microbeam may be, they are sparser patterns of it: less of the skin is injured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.estimate import Unknown, Value
from skinbeam.laser.grid import densities as densities_of
from skinbeam.messages import Formatter, Message, text
from skinbeam.outcome.calibrated import burn_light
from skinbeam.plan.course import settings_in_words
from skinbeam.plan.ranking import chance
from skinbeam.plan.records import ConcernPlan
from skinbeam.plan.search.burns import Burns
from skinbeam.plan.search.candidates import thinned
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.setup import Setup
from skinbeam.plan.visits import Ladder, Rung
from skinbeam.practice.calibration import Calibration
from skinbeam.practice.spots import Seen, learned_from, missed
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.names import table
from skinbeam.shipped import shipped_table
from skinbeam.simulate.skins.ensemble import probability, share
from skinbeam.units import MM, UM

__all__ = ["distinct", "ladder_of", "most_telling"]

Floats = NDArray[np.float64]

HOURS_A_WEEK = 168.0
_MOST = 12  # doses to choose from: their combinations are counted in a millisecond
_REMOVING = ("ablative", "fractional-ablative")


def ladder_of(case: Case, concern: ConcernPlan, trial: Trial | None) -> Ladder | None:
    """Return test spots for the first laser of a concern, whose trial is given; None where it has none."""
    if concern.first_laser is None or trial is None:
        return None
    option, setup = concern.first_laser
    return _ladder(case, concern.site, option.modality, setup, trial)


def distinct(ladders: Iterable[Ladder | None]) -> tuple[Ladder, ...]:
    """Return the first ladder of each light and site."""
    made: dict[tuple[str, float, str], Ladder] = {}
    for one in ladders:
        if one is not None:
            made.setdefault((one.device, one.wavelength_nm, one.site), one)
    return tuple(made.values())


def _ladder(case: Case, site: str, modality: str, setup: Setup, trial: Trial) -> Ladder:
    used(_told()["ladder"]["source"], _told()["reading"]["source"])
    doses = [*(dose for dose in trial.machine.doses(trial.setting) if dose < trial.dose), trial.dose]
    densities = [] if setup.settings.microbeam is None else [setup.settings.microbeam.density_per_cm2]
    burns = trial.burns
    if burns is None:
        parts = _told()["ladder"]["uncalibrated"]
        doses = _at_shares(doses, parts)
        if densities and len(doses) == 1:
            densities = _at_shares(_patterns(trial, densities[0]), parts)
        clean: Value = Unknown(text("ladder.no-promise"))
        promise = Message("ladder.no-promise")
    else:
        doses = _chosen(doses, burns, trial)
        p = _if_clean(doses, burns, trial)
        clean = probability(p[0], p[1], trial.basis)
        promise = Message("ladder.promise", {"before": chance(trial.p_broken), "after": chance(clean.median)})
    params = {
        "device": setup.device_title,
        "site": table("site")[site]["title"],
        "light": setup.light,
        "doses": _doses_in_words(doses, densities),
        "same": _same_in_words(setup, densities),
        "where": Message("ladder.low-neck" if site in _told()["ladder"]["low_on"] else "ladder.hidden"),
        "read": _hours_in_words(hours := _read_after_h(case, modality)),
        "promise": promise,
    }
    return Ladder(
        device=setup.device,
        device_title=setup.device_title,
        wavelength_nm=setup.wavelength_nm,
        light=setup.light,
        site=site,
        spots=_rungs(doses, densities, setup, trial),
        p_burn_if_clean=clean,
        read_after_h=hours,
        message=Message("plan.test-spot", params),
        source=_told()["ladder"]["source"],
    )


def _told() -> Mapping[str, Any]:
    return shipped_table("data/test_spots.toml")


def _patterns(trial: Trial, planned: float) -> list[float]:
    """The densities of the device at the planned energy, none above the planned one."""
    offered = densities_of(trial.machine.device, *trial.setting, trial.dose)
    return [*(density for density in offered if density < planned), planned]


def _rungs(doses: Sequence[float], densities: Sequence[float], setup: Setup, trial: Trial) -> tuple[Rung, ...]:
    """Every dose at every density: one of the two is planned."""
    settings, burns = setup.settings, trial.burns
    unknown = Unknown(text("ladder.no-promise"))
    if settings.microbeam is not None:
        spot_mm = settings.microbeam.diameter_um * UM / MM
        return tuple(
            Rung(energy_mJ=dose, density_per_cm2=density, pulse_ms=settings.pulse_ms, spot_mm=spot_mm, p_burn=unknown)
            for dose in doses
            for density in densities
        )
    assert settings.spot_mm is not None  # a full field has a spot

    def p_of(dose: float) -> Value:
        return unknown if burns is None else probability(burns.p(dose), trial.weights[1], trial.basis)

    return tuple(
        Rung(fluence_J_cm2=dose, pulse_ms=settings.pulse_ms, spot_mm=settings.spot_mm, p_burn=p_of(dose))
        for dose in doses
    )


def _chosen(doses: Sequence[float], burns: Burns, trial: Trial) -> list[float]:
    """The doses of a ladder from those that may be tried, ascending, the last of them the planned one."""
    told = _told()["ladder"]
    planned = share(burns.p(doses[-1]), trial.weights[1])[0]
    (number,) = [count for least, count in told["spots"] if planned >= least][-1:]
    inside = [dose for dose in doses if dose >= told["least"] * doses[-1]]
    p = {dose: share(burns.p(dose), trial.weights[1])[0] for dose in thinned(inside, _MOST)}
    gentle = [dose for dose in p if dose <= told["start"] * doses[-1] and p[dose] <= told["start_p"]]
    start = gentle[-1] if gentle else min(p)
    return most_telling({dose: burnt for dose, burnt in p.items() if dose >= start}, number)


def most_telling(p: Mapping[float, float], number: int) -> list[float]:
    """Return `number` doses, the least and the greatest among them, that split the doses that burn most evenly.

    Parameters
    ----------
    p : dose → probability that it burns, ascending.
    """
    if len(p) <= number:
        return list(p)
    least, *between, greatest = p

    def entropy(inner: Sequence[float]) -> float:
        shares = np.diff([0.0, *(p[dose] for dose in (least, *inner, greatest)), 1.0])
        return float(-sum(one * np.log(one) for one in shares if one > 0.0))

    return [least, *max(combinations(between, number - 2), key=entropy), greatest]


def _at_shares(doses: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Those nearest to shares of the greatest, each once."""
    return sorted({min(doses, key=lambda dose: abs(dose - part * doses[-1])) for part in shares})


def _if_clean(doses: Sequence[float], burns: Burns, trial: Trial) -> tuple[Floats, Floats]:
    """How likely the planned dose burns each draw once every spot is clean, and what the draws then weigh."""
    known = burns.calibration
    if isinstance(known, Calibration):
        known = learned_from(burn_light(trial.beam), [])
    untold = missed(_told()["reading"]["burn_h"])
    assert untold is not None  # the hours are those from which a spot tells all that it can
    learned = known.after([Seen(dose / burns.computed_J_cm2, False, untold) for dose in doses])
    # What was known before has its weight already in those of the draws.
    weights = trial.weights[1] * learned.likelihood / known.likelihood
    return learned.p_reached(trial.dose / burns.computed_J_cm2), weights


def _read_after_h(case: Case, modality: str) -> float:
    """When spots are read: as soon as burns show, or dark marks where these are likely."""
    told = _told()["reading"]
    darkest = darkest_phototype(case)
    darkens = darkest is not None and darkest >= told["pigment_phototype"]
    return float(told["pigment_h" if darkens or modality in _REMOVING else "burn_h"])


def _hours_in_words(hours: float) -> Message:
    weeks = hours / HOURS_A_WEEK
    return Message("ladder.weeks", {"weeks": weeks}) if weeks >= 1.0 else Message("ladder.hours", {"hours": hours})


def _doses_in_words(doses: Sequence[float], densities: Sequence[float]) -> str:
    """What the spots differ in, and the energy where that is their density."""
    *others, last = doses
    if densities:
        energies = (
            text("setting.energies", {"others": others, "last": last})
            if others
            else text("setting.energy", {"number": last})
        )
        *others, last = densities
        return text("setting.densities", {"energies": energies, "others": others, "last": last}) if others else energies
    return text("setting.fluences", {"others": others, "last": last}) if others else f"{Formatter().number(last)} J/cm²"


def _same_in_words(setup: Setup, densities: Sequence[float]) -> str:
    """What all spots have in common."""
    bare = replace(setup.settings, fluence_J_cm2=None, passes=None)
    if bare.microbeam is None:
        return settings_in_words(bare, lamp=setup.lamp)
    pattern = text("setting.microbeams", {"diameter": bare.microbeam.diameter_um})
    if len(densities) == 1:
        pattern += ", " + text("setting.density", {"number": densities[0]})
    return f"{settings_in_words(replace(bare, microbeam=None), lamp=setup.lamp)}, {pattern}"
