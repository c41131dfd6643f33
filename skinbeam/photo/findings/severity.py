"""Severity by a published scale that counts what a photograph shows; of most things there is none."""

from collections.abc import Sequence
from typing import Literal

from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.gates import limit

__all__ = ["of_acne"]


def of_acne(marks: Sequence[Mark]) -> Literal["mild", "moderate", "severe"] | Unknown:
    """Return the severity of inflamed spots by their number on one half of the face (Hayashi 2008), the worse one.

    The paper counts on the skin, from the side, too. A frontal photograph shows fewer, and takes other red spots for
    inflamed ones. What lies in the middle counts for neither half. "Very severe" of the paper is severe here. Below
    `few` the scale would call a single red spot acne.
    """
    halves = [sum(mark.region.endswith(side) for mark in marks) for side in ("-right", "-left")]
    most = max(halves)
    if most < limit("acne", "few"):
        return Unknown(Message("finding.too_few_for_acne").text)
    if most <= limit("acne", "mild_max"):
        return "mild"
    return "moderate" if most <= limit("acne", "moderate_max") else "severe"
