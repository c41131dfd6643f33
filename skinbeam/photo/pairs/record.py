"""What a document says of two photographs of one face, or why it says nothing."""

from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.photo.look import Look
from skinbeam.photo.pairs.change import Change, change_between
from skinbeam.photo.pairs.finding_change import FindingChange
from skinbeam.photo.pairs.pictures import PAIR_FILES, write_pair

__all__ = ["change_record"]


def change_record(before: Look, after: Look, out: Path | None) -> dict[str, Any] | Unknown:
    """Return the part `change` of a photograph's document and write its pictures into `out`."""
    change = change_between(before, after)
    if isinstance(change, Unknown):
        return change
    no_folder = Unknown(Message("photo-finding.no_folder").text)
    return {
        "before_sha256": before.photo_sha256,
        "registered": _registered(change),
        "light": {
            "gain": np.exp(change.lit.gain_ln),
            "spread": float(np.exp(change.lit.spread_ln)),
            "contrast": change.lit.contrast,
            "noise_pct": 100 * change.lit.noise_ln,
            "softened_px": change.soft_px,
        },
        "findings": [_finding(one) for one in change.findings],
        "not_compared": {kind: Unknown(reason) for kind, reason in change.unknown.items()},
        "pictures": dict.fromkeys(PAIR_FILES, no_folder) if out is None else write_pair(out, change),
        "note": Message("photo-pair.note").text,
    }


def _registered(change: Change) -> dict[str, float]:
    """Return how the picture after was laid over the one before; shares of the pupil distance as such."""
    laid = change.laid
    return {
        "pupil_px": change.frame.pupil_px,
        "scale": laid.scale,
        "turn_deg": laid.turn_deg,
        "stretch": laid.stretch,
        "flow_pupil": laid.flow_pupil,
        "agreement": laid.agreement,
    }


def _finding(one: FindingChange) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "region": one.region,
        "site": one.site,
        "before": one.before,
        "after": one.after,
        "contrast_before": one.contrast_before,
        "contrast_after": one.contrast_after,
        "contrast_change": one.contrast_change,
        "change_pct": one.change_pct,
        "changed": one.changed,
        "told": one.told.english,
    }
