"""Notes of earlier sessions that tell of a mole or a spot that a doctor has to look at, in English and German."""

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options

from skinbeam.assessment.lesion_notes import mentions_lesion

SUSPECT = """changing mole; mole got darker; mole is growing; mole has changed; new mole; bleeding mole
nevus lighter; atypical nevus; spot bleeds; spot is growing; lesion grew; suspicious spot; ulcerated lesion
wound that does not heal; melanoma found; BCC on biopsy; no redness, mole has changed
veränderter Leberfleck; Leberfleck verändert; Naevus veraendert; dysplastischer Nävus; Muttermal heller
Muttermal blutet; neues Muttermal; Fleck wächst; Fleck blutet; verdächtige Stelle; ulzerierter Fleck
Stelle heilt nicht; Melanomverdacht; Basaliom bestätigt"""
HARMLESS = """none; redness for 2 days; crusts for 8 days; spot darker then fell off; spots turned grey; spots lighter
new dark spots; neue Flecken; no mole changed; moles unchanged; Muttermale unverändert; Muttermal nicht verändert
mole covered; moles in the field left out; melanoma excluded; kein Melanom; mole examined and benign
spider naevus smaller; pinpoint bleeding; spots bleeding at once; Bluterguss neben einem Muttermal; wound healed
not healed after 5 days; blister"""


def _notes(listed: str) -> list[str]:
    return [note.strip() for line in listed.splitlines() for note in line.split(";")]


@pytest.mark.parametrize("note", _notes(SUSPECT))
def test_a_note_of_a_lesion_that_a_doctor_has_to_see_is_read(note: str) -> None:
    assert mentions_lesion(note)


@pytest.mark.parametrize("note", _notes(HARMLESS))
def test_what_light_does_and_what_somebody_has_examined_is_no_sign(note: str) -> None:
    assert not mentions_lesion(note)


def _consultation(note: str, site: str, more: str = "") -> str:
    done = (
        f'[[session]]\nweek = 0\nweeks_ago = 8\ntreats = "age-spots"\nsite = "{site}"\ndevice = "qs-ndyag-532-1064"\n'
        f'wavelength_nm = 532.0\nfluence_J_cm2 = 2.0\nspot_mm = 2.0\nadverse = ["{note}"]\n'
    )
    return PERSON + concern("age-spots", "cheeks", NAMED) + done + more + devices("qs-ndyag-532-1064")


@pytest.mark.parametrize("note", ["melanoma found", "Leberfleck verändert"])
def test_no_light_before_a_doctor_has_seen_what_a_note_tells_of(note: str) -> None:
    """A lentigo laser went on at the dose of the session after which a melanoma was found: the note was "not read"."""
    plan = document(_consultation(note, "cheeks"))
    assert plan["suitability"]["decision"] == "refer"
    assert not laser_options(plan)
    (part,) = plan["concerns"]
    assert "lesion-in-notes" in {
        reason["id"].removeprefix("rules.") for refusal in part["refused"] for reason in refusal["reasons"]
    }


def test_a_note_of_other_skin_refers_the_person_too() -> None:
    plan = document(_consultation("melanoma found", "hands"))
    assert plan["suitability"]["decision"] == "refer"
    assert not laser_options(plan)


def test_a_doctor_who_has_seen_it_can_say_so() -> None:
    cleared = '[[clearance]]\nrule = "lesion-in-notes"\nby = "dermatologist"\ndate = 2026-11-02\n'
    assert laser_options(document(_consultation("changing mole", "cheeks", cleared)))
