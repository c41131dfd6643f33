"""A concern for which no laser is offered: what came nearest, what barred it, and what could change that."""

from collections.abc import Sequence

from skinbeam.estimate import Unknown
from skinbeam.plan.records import Assessment, ConcernPlan, Nearest
from skinbeam.plan.rules.suitability import Suitability
from skinbeam.report.context import NearestPart
from skinbeam.report.names import concern_name, device_of
from skinbeam.report.outcomes import good_of
from skinbeam.report.overview.evidence import evidence_told
from skinbeam.report.overview.lines import setting_line, span_of
from skinbeam.report.shown import join, per_100, say, sentence, show

__all__ = ["colour_may_change", "decided_without", "headline", "nearest_told", "what_could_change"]

_SEARCHED = ("plan.too-weak", "plan.too-weak-undosed", "plan.no-safe-dose", "plan.no-dose-below-injury")
_OF_COLOUR = _SEARCHED[:3]


def headline(concern: ConcernPlan) -> str:
    """Return that no laser is offered, or that none was found where settings were looked for; empty where one is."""
    if concern.first_laser is not None:
        return ""
    return say("no_setting_found" if _reasons(concern) & set(_SEARCHED) else "no_laser_offered")


def decided_without(concerns: Sequence[ConcernPlan], suitability: Suitability) -> tuple[str, str]:
    """Return what stands in place of a decision that light is possible where no concern has a laser, and which have
    none. Both are empty where all have one, or where a rule decides the whole case.
    """
    lost = {concern_name(concern): headline(concern) for concern in concerns if concern.first_laser is None}
    if not lost or suitability.decision not in ("suitable", "with-caution"):
        return "", ""
    told = " ".join(
        say("without_for", headline=head, concerns=join(name for name, found in lost.items() if found == head))
        for head in dict.fromkeys(lost.values())
    )
    return ("" if len(lost) < len(concerns) else next(iter(lost.values()))), told


def nearest_told(concern: ConcernPlan, person: Assessment) -> NearestPart | None:
    """Return the setting that came nearest; None where none was tried, or a laser is offered."""
    near = concern.nearest
    if near is None:
        return None
    phototype = None if isinstance(person.phototype, Unknown) else person.phototype
    half = good_of(near)
    counted = say("nearest_trials", share=per_100(half).text)
    evidence = join(evidence_told(concern, near, phototype))
    return NearestPart(
        summary=_summary(near, person),
        setting=say("nearest_setting", device=device_of(near), setting=setting_line(near.setup)),
        reached=say(
            "nearest_reached",
            share=per_100(near.p_effective).text,
            required=per_100(near.p_effective_required).text,
        ),
        barred=_barred(near),
        practice=near.practice.text,
        trials=sentence(half) if isinstance(half, Unknown) else counted,
        evidence=evidence,
        span=span_of(half),
    )


def colour_may_change(concern: ConcernPlan, person: Assessment) -> bool:
    """Return whether a measured colour may bring a laser: one that was guessed from a phototype spans many skins."""
    return concern.first_laser is None and _guessed(person) and bool(_reasons(concern) & set(_OF_COLOUR))


def what_could_change(concern: ConcernPlan, person: Assessment) -> tuple[str, ...]:
    """Return what a clinic can do to bring a laser to a concern that has none."""
    told = [say("change_colour")] if colour_may_change(concern, person) else []
    if concern.first_laser is None and "plan.too-weak-undosed" in _reasons(concern):
        told.append(say("change_clinic"))
    return tuple(told)


def _summary(near: Nearest, person: Assessment) -> str:
    """Why there is none, in one sentence: the dose that would be enough lies above the greatest that may be given."""
    enough, most = near.reaching_J_cm2, near.setup.settings.fluence_J_cm2
    if near.limit is None or most is None or not isinstance(enough, float):
        return say("nearest_summary_other")
    told = {"enough": show(enough, "J/cm²").text, "most": show(most, "J/cm²").text}
    return say("nearest_summary_guessed" if _guessed(person) else "nearest_summary", **told)


def _barred(near: Nearest) -> str:
    """What bars the dose that would be enough, or that there is none."""
    enough = near.reaching_J_cm2
    if isinstance(enough, Unknown):
        return sentence(enough)
    if enough is None:
        return say("nearest_barred_columns", why=near.why.text)
    required = per_100(near.p_effective_required).text
    return say("nearest_barred", dose=show(enough, "J/cm²").text, required=required, why=near.why.text)


def _guessed(person: Assessment) -> bool:
    """Whether the colour is known from the phototype alone."""
    return isinstance(person.ita_deg, Unknown)


def _reasons(concern: ConcernPlan) -> set[str]:
    """The ids of why lasers were refused."""
    return {reason.id for refused in concern.refused for reason in refused.reasons}
