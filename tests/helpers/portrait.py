"""The portrait of the first consultation, analysed once in a run: its search and its maps take two seconds."""

from paths import ROOT
from store import stored

from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import read_photograph

__all__ = ["FACE", "portrait_analysis"]

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"


def portrait_analysis() -> PhotoAnalysis:
    """What is read of the portrait, a copy for each call."""
    analysis: PhotoAnalysis = stored(_analyse_portrait)
    return analysis


def _analyse_portrait() -> PhotoAnalysis:
    return analyse_photograph(read_photograph(FACE))
