"""Assess the person of a consultation: colour, what the photograph shows, machines, and draws of the skin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from skinbeam.assessment.photograph import SitePhotoFindings, photo_site_findings
from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.assessment.skin_draws import PersonColour, assess_colour, case_with_colour
from skinbeam.laser.case_devices import clinic_devices
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.plan.burn_anchor import burn_anchor
from skinbeam.plan.case_check import CheckedConsultation
from skinbeam.plan.photographed_vessels import photo_vessel_widths
from skinbeam.plan.referral import case_with_dark_spots
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import EarlierPulse, SkinBank
from skinbeam.suitability.dose_bars import dose_bars
from skinbeam.text import Message, render_message

if TYPE_CHECKING:
    from skinbeam.photo.analysis import PhotoAnalysis
    from skinbeam.photo.colour import PhotoColour

__all__ = ["AssessedPerson", "assess_person"]

_GIGABYTES_A_DRAW = 0.0014  # the histories of all settings are held at once: 1000 draws took 1.8 GB, 3000 took 4.6
_MOST_DRAWS = 5_000  # of a plan: 7 GB


@dataclass(frozen=True)
class AssessedPerson:
    """The person of a consultation, ready to be planned for.

    Parameters
    ----------
    case : the case with the colour and the dark spots that the photograph adds, for the rules.
    colour : of the skin, from words, measurements and the photograph.
    sites : what the photograph shows at the sites of concerns.
    machines : the devices of the clinic; every known one where it did not list its own.
    bank : draws of this skin.
    seed : of the draws.
    photo_state : message on the use of the photograph.
    """

    case: Case
    colour: PersonColour
    sites: Sequence[SitePhotoFindings]
    machines: Sequence[SearchMachine]
    bank: SkinBank
    seed: int
    photo_state: Message

    def find_machine(self, name: str) -> SearchMachine | None:
        """Return a device of the clinic by its name in the case (of an own one, its file) or in plans, or None."""
        by_case = (machine for machine in self.machines if machine.case_name == name)
        by_plan = (machine for machine in self.machines if machine.device.name == name)
        return next(chain(by_case, by_plan), None)


def assess_person(consultation: CheckedConsultation, draws: int, seed: int) -> AssessedPerson:
    """Return the person of a consultation, with draws of the skin.

    Raises
    ------
    InputError : `too-much-work`: so many draws would not fit into memory.
    """
    if draws > _MOST_DRAWS:
        message = render_message("plan.too-many-draws", {"draws": draws, "gigabytes": round(_GIGABYTES_A_DRAW * draws)})
        raise InputError("too-much-work", message, field="draws", hint=f"At most {_MOST_DRAWS} draws for a plan.")
    case = consultation.loaded.case
    seen, photo_state = _photo_colour(consultation.photo_analysis)
    sites = photo_site_findings(consultation.photo_analysis, case.concern)
    darker = tuple((site.site, site.melanin_factor) for site in sites if site.melanin_factor > 1.0)
    colour = replace(assess_colour(case, seen), melanin_factors=darker)
    machines = [
        SearchMachine(name, device, dose_bars(case, name, device)) for name, device in clinic_devices(case).items()
    ]
    anchor = partial(_pulse_anchor, darkest_phototype(case) or len(PHOTOTYPES))
    bank = SkinBank(case, colour, draws, seed, machines, photo_vessel_widths(case, sites), anchor)
    coloured = case_with_colour(case, colour)  # for the rules; the skins above already have this colour
    coloured = case_with_dark_spots(coloured, consultation.photo_analysis)
    return AssessedPerson(coloured, colour, sites, machines, bank, seed, photo_state)


def _pulse_anchor(phototype: int, pulse: EarlierPulse) -> float:
    """Return the factor that anchors P(burn) of the light of an earlier pulse."""
    return burn_anchor(pulse.machine, pulse.beam, pulse.site, phototype)


def _photo_colour(photo: "PhotoAnalysis | None") -> "tuple[PhotoColour | Unknown | None, Message]":
    """Return the skin colour on the photograph, and a message on its use.

    A photograph without a usable face does not stop a plan.
    """
    if photo is None:
        return None, Message("plan.no-photo")
    cite_sources(*photo.sources)
    if isinstance(photo.skin, Unknown):
        return photo.skin, Message("plan.photo-failed", {"reason": photo.skin.reason})
    return photo.skin.colour, Message("plan.used-photo")
