"""How strong the evidence for an option is, in a few words: trials, people, and how near they are to this plan."""

from skinbeam.estimate import Estimate
from skinbeam.evidence.expectation.records import Placed
from skinbeam.evidence.studies.shipped import arms
from skinbeam.plan.records import ConcernPlan, Nearest, Option
from skinbeam.report.outcomes import good_of
from skinbeam.report.shown import join, say
from skinbeam.schema.names import PHOTOTYPES

__all__ = ["evidence_told"]

_SAME_NM = 5.0


def evidence_told(concern: ConcernPlan, option: Option | Nearest, phototype: str | None) -> tuple[str, str]:
    """Return trials and people of this condition, then those with this light and phototype and how near their dose is.

    Both are empty where no trial stands behind the good share.
    """
    studies = option.expected.studies
    if not studies or not isinstance(good_of(option), Estimate):
        return "", ""
    told = []
    behind = {study.study for study in studies}
    of_these = [one for one in arms() if (one.condition, one.modality) == (concern.condition, option.modality)]
    of_these = [one for one in of_these if one.study in behind]
    if option.setup is not None:
        nm = option.setup.wavelength_nm
        same = {a.study for a in of_these if a.wavelength_nm is not None and abs(a.wavelength_nm - nm) <= _SAME_NM}
        told.append(say("evidence_light", studies=len(same)))
    if phototype in PHOTOTYPES:
        place = PHOTOTYPES.index(phototype)
        such = {a.study for a in of_these if a.phototypes is not None and a.phototypes[0] <= place <= a.phototypes[1]}
        told.append(say("evidence_phototype", studies=len(such), phototype=phototype))
    dose = option.expected.dose
    if isinstance(dose, Placed):
        told.append(say(f"evidence_dose_{dose.where.replace('-', '_')}"))
    return say("studies", studies=len(studies), patients=sum(study.patients for study in studies)), join(told)
