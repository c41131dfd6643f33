"""Name the harms of the treatments that have no picture, with their counts: more may happen than is drawn."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.preview.harms import BRUISE, TreatedConcerns
from skinbeam.preview.strip import UndrawnHarm
from skinbeam.text import Message, round_to_people

__all__ = [
    "find_undrawn_harms",
    "read_undrawn_harm",
    "undrawn_harm_messages",
    "unknown_harm_reasons",
]


def find_undrawn_harms(treated: TreatedConcerns, drawn: Mapping[str, float]) -> tuple[UndrawnHarm, ...]:
    """Return each harm without a picture after the treatment with the highest share, then those of unknown share.

    A drawn harm that is likelier after a treatment whose site the photograph does not show is among the former; one
    whose share is unknown after another treatment is among the latter: it may be likelier there. What happens only
    after a fault is left out: nobody counted it.

    Parameters
    ----------
    drawn : harms that have a picture, by name as in the plan → the share of people that the picture is of.
    """
    counted: dict[str, UndrawnHarm] = {}
    unknown: dict[tuple[str, str], UndrawnHarm] = {}
    for harm in _harms(treated):
        if isinstance(harm.p, Unknown):
            unknown.setdefault((harm.harm, harm.treatment), harm)
        elif harm.p.median > max(_median(counted.get(harm.harm)), drawn.get(harm.harm, -1.0)):
            counted[harm.harm] = harm
    return (*counted.values(), *unknown.values())


def _harms(treated: TreatedConcerns) -> Iterator[UndrawnHarm]:
    for concern, option in treated:
        for share in option.harms:
            if not share.needs_fault:
                yield UndrawnHarm(share.name, concern.place, option.modality, share.p)
        if option.p_purpura is not None:
            yield UndrawnHarm(BRUISE, concern.place, option.modality, option.p_purpura)


def _median(harm: UndrawnHarm | None) -> float:
    return harm.p.median if harm is not None and isinstance(harm.p, Estimate) else -1.0


def read_undrawn_harm(record: Mapping[str, Any]) -> UndrawnHarm:
    """Return a harm from its record in a document."""
    share = record["p"]
    p = Unknown(share["unknown"]) if "unknown" in share else Estimate(**share)
    return UndrawnHarm(record["harm"], record["concern"], record["treatment"], p)


def undrawn_harm_messages(harms: Sequence[UndrawnHarm]) -> tuple[Message, ...]:
    """Return what stands beside the pictures of harms: those without a picture, with their counts, and unknown ones."""
    counted = [_share_message(harm.harm, harm.p) for harm in harms if isinstance(harm.p, Estimate)]
    unknown = dict.fromkeys(harm.harm for harm in harms if isinstance(harm.p, Unknown))
    return (
        *((Message("preview.harms-counted", {"harms": counted}),) if counted else ()),
        *((Message("preview.harms-uncounted", {"harms": list(map(_name, unknown))}),) if unknown else ()),
    )


def unknown_harm_reasons(harms: Sequence[UndrawnHarm]) -> tuple[Message, ...]:
    """Return why shares are unknown: one note for each reason, with the harms that it applies to."""
    reasons: dict[str, list[Message]] = {}
    for harm in harms:
        if isinstance(harm.p, Unknown):
            reasons.setdefault(harm.p.reason, []).append(_name(harm.harm))
    return tuple(
        Message("preview.harms-reason", {"harms": names, "reason": reason}) for reason, names in reasons.items()
    )


def _name(harm: str) -> Message:
    return Message(f"harm-name.{harm}")


def _share_message(harm: str, p: Estimate) -> Message:
    shares = {"p": round_to_people(p.median), "low": round_to_people(p.low), "high": round_to_people(p.high)}
    return Message("preview.harm-share", {"harm": _name(harm), **shares})
