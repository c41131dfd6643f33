"""What was noted of a reaction, in English and in German, is read as the reactions that it names."""

from unicodedata import normalize

import pytest
from earlier_samples import case, session

from skinbeam.assessment.reaction_words import UNREAD_REACTION, reaction_kinds, read_reaction_kinds
from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.model.case import forms_raised_scars
from skinbeam.model.consultation import REACTIONS
from skinbeam.suitability.history import reaction_reasons


def test_what_is_not_understood_is_told() -> None:
    (told,) = reaction_reasons(case(session("felt odd for a week")), None)
    assert (told.rule, told.decision) == ("earlier-unread", "with-caution")
    assert "felt odd for a week" in told.message.text
    assert reaction_reasons(case(session("none")), None) == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("no blister", ("none",)),
        ("no blisters, no scar", ("none",)),
        ("no redness, blister or burn", ("none",)),
        ("blisters: none", ("none",)),
        ("denies blistering", ("none",)),
        ("no signs of scarring", ("none",)),
        ("without any blister", ("none",)),
        ("tolerated well", ("none",)),
        ("None reported.", ("none",)),
        ("Healed without scarring", ("none",)),
        ("neither redness, blisters nor crusts", ("none",)),
        ("neither a blister nor a scar, but a burn", ("burn",)),
        ("redness was mild", ("redness",)),
        ("not without scarring", ("scar",)),
        ("not healed", (UNREAD_REACTION,)),
        ("mild redness for 2 days", ("redness",)),
        ("no scar but a blister", ("blister",)),
        ("no redness, burn on left cheek", ("burn",)),
        ("swelling: no; blister: yes", ("blister",)),
        ("crust? no. burn on left cheek", ("crust", "burn")),
        ("no, blister", ("blister",)),
        ("no more blisters than before", ("blister",)),
        ("crusts, then dark patches", ("crust", "dark-mark")),
        ("a pale patch, darker around it", ("pale-mark", "dark-mark")),
        ("dyspigmentation", ("pigment-change",)),
        ("hypo-pigmentation at the border", ("pale-mark",)),
        ("no hypo- or hyperpigmentation", ("none",)),
        ("scar paler", (UNREAD_REACTION,)),
        ("veins paler", (UNREAD_REACTION,)),
        ("redness much paler", ("redness", UNREAD_REACTION)),
        ("white scar paler than skin", ("pale-mark", "scar")),
        ("hypopigmented patch paler than the skin around", ("pale-mark",)),
        ("skin is paler where treated", ("pale-mark",)),
        ("hypo- and hyperpigmentation", ("pale-mark", "dark-mark")),
        ("no hyper/hypo pigmentation", ("none",)),
        ("hypo-allergenic cream given, mild redness", (UNREAD_REACTION, "redness")),
        ("hyper-trophic scar", ("scar",)),
        ("redness, blistring, ulcerated", ("redness", UNREAD_REACTION, "erosion")),
        ("redness for 8 months", ("redness",)),
        ("redness for weeks", ("redness", UNREAD_REACTION)),
        ("still red", ("redness", UNREAD_REACTION)),
        ("still red after 6 weeks", ("redness",)),
        ("redness, gone after 2 days", ("redness",)),
        ("redness not gone", ("redness", UNREAD_REACTION)),
        ("dark marks for 4 months, faded", ("dark-mark",)),
        ("darker after 4 weeks, still there", ("dark-mark",)),
        ("redness, itching", ("redness", UNREAD_REACTION)),
        ("old scar softer", (UNREAD_REACTION,)),
        ("dark spots faded", (UNREAD_REACTION,)),
        ("no idea", (UNREAD_REACTION,)),
        ("burning pain", (UNREAD_REACTION,)),
        ("no blister, but it peeled for a month", (UNREAD_REACTION,)),
        ("atrophic groove along the vessel", ("scar",)),
        ("small indentation at the ala", ("scar",)),
        ("no dent", ("none",)),
        ("redness in the alar groove", ("redness",)),
        ("mild depression since the divorce", (UNREAD_REACTION,)),
        ("hypertrophic and atrophic scars", ("scar",)),
        ("zebra stripes", ("pigment-change",)),
        ("footprints of the handpiece for 5 months", ("pigment-change",)),
        ("pale stripes", ("pale-mark",)),
        ("dark footprints", ("dark-mark",)),
        ("redness in stripes", ("redness",)),
        ("no stripes", ("none",)),
        ("dark grid for 6 weeks", ("dark-mark",)),
        ("grid pattern visible", (UNREAD_REACTION,)),
        ("oozing, weeping skin", ("erosion",)),
        ("weeping eye", ("eye-injury",)),
        ("impetigo", ("infection",)),
        ("shingles", ("infection",)),
        ("confetti-like white spots", ("pale-mark",)),
        ("light mark", ("pale-mark",)),
        ("lighter patches on both cheeks", ("pale-mark",)),
        ("loss of pigment", ("pale-mark",)),
        ("hypochromic macules", ("pale-mark",)),
        ("weißliche Flecken", ("pale-mark",)),
        ("light crust", ("crust",)),
        ("mottled pigmentation", ("pigment-change",)),
        ("black and blue for a week", ("purpura",)),
        ("pink for two days", ("redness",)),
        ("leukoderma", ("pale-mark",)),
        ("delayed healing, open wounds for 21 days", ("erosion",)),
        ("no delayed healing", ("none",)),
        ("herpes flare-up", ("herpes-labialis",)),
        ("necrosis", ("burn",)),
        ("melasma worse", ("dark-mark",)),
        ("textural change", ("scar",)),
        ("swelling of the eyelids for two days", ("redness",)),
        ("no effect", ("none",)),
        ("urticaria", (UNREAD_REACTION,)),
        ("hair loss in the beard", (UNREAD_REACTION,)),
        ("vein darker", ("none",)),
        ("vein darker for 2 days", ("none",)),
        ("the vessels on the nose darkened", ("none",)),
        ("skin above the vein darker", ("dark-mark",)),
        ("vein darker than before and a blister", ("blister", "dark-mark")),
    ],
)
def test_what_is_denied_is_not_read_as_said_and_nothing_is_passed_over(text: str, kinds: tuple[str, ...]) -> None:
    assert set(read_reaction_kinds(text)) == set(kinds)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Blasen und Krusten", ("blister", "crust")),
        ("Verbrennung an der linken Wange", ("burn",)),
        ("leichte Rötung an den Wangen für 3 Tage", ("redness",)),
        ("leichte Rötung für zwei Tage", ("redness",)),
        ("noch Blasen", ("blister",)),
        ("nicht abgeheilte Blase", ("blister",)),
        ("Rötung, aber keine Blasen", ("redness",)),
        ("keine Rötung oder Blasen", ("none",)),
        ("weder Blasen noch Krusten", ("none",)),
        ("weder Blasen noch Krusten; helle Flecken", ("pale-mark",)),
        ("weder Rötung, Blasen noch Krusten", ("none",)),
        ("weder Hypo- noch Hyperpigmentierung", ("none",)),
        ("keine Hypo- oder Hyperpigmentierung", ("none",)),
        ("keine Anzeichen einer Verbrennung", ("none",)),
        ("kein Hinweis auf eine Narbe", ("none",)),
        ("keine Rötung, sondern Blasen", ("blister",)),
        ("nicht ohne Narben", ("scar",)),
        ("nicht abgeheilt", (UNREAD_REACTION,)),
        ("Brandblase", ("blister",)),
        ("o. B.", ("none",)),
        ("Blasen: nein", ("none",)),
        ("Blasen: ja", ("blister",)),
        ("WEISSE FLECKEN", ("pale-mark",)),
        ("Fieberbläschen", ("herpes-labialis",)),
        ("verschwommen gesehen", ("eye-injury",)),
        ("alte Narbe weicher", (UNREAD_REACTION,)),
        ("Juckreiz", (UNREAD_REACTION,)),
        ("Rötung für 8 Monate", ("redness",)),
        ("nach 8 Wochen noch gerötet", ("redness",)),
        ("dunkle Flecken, nach 3 Monaten noch sichtbar", ("dark-mark",)),
        ("Hyperpigmentierung für 4 Monate, verblasst", ("dark-mark",)),
        ("Delle am Nasenflügel", ("scar",)),
        ("eingesunkene Haut entlang der Ader", ("scar",)),
        ("Streifenbildung", ("pigment-change",)),
        ("helle Streifen", ("pale-mark",)),
        ("streifige Rötung", ("redness",)),
        ("nässende Haut", ("erosion",)),
        ("Gürtelrose", ("infection",)),
        ("Konfetti", ("pale-mark",)),
        ("Adern dunkler", ("none",)),
        ("verzögerte Wundheilung", ("erosion",)),
        ("Wundheilungsstörung", ("erosion",)),
        ("langsam abgeheilt", ("erosion",)),
        ("Herpesausbruch", ("herpes-labialis",)),
        ("Nekrose", ("burn",)),
        ("Melasma schlimmer", ("dark-mark",)),
        ("Pigmentverschiebungen", ("pigment-change",)),
        ("Lidschwellung für 2 Tage", ("redness",)),
        ("nichts passiert", ("none",)),
    ],
)
def test_what_was_noted_in_german_is_read_as_in_english(text: str, kinds: tuple[str, ...]) -> None:
    """After "Blasen und Krusten" the dose of that session was planned again."""
    assert set(read_reaction_kinds(text)) == set(kinds)


@pytest.mark.parametrize(
    "text",
    [
        "spots darkened and fell off in a week",
        "spots turned darker, then flaked off after 8 days",
        "lentigines darker for 5 days, fell off",
        "microcrusts",
        "coffee-ground crusts for a week",
        "crusts, fell off after 5 days",
        "Flecken wurden dunkler und fielen ab",
        "Altersflecken dunkler, nach 8 Tagen abgefallen",
    ],
)
def test_a_brown_spot_that_darkened_and_fell_off_was_hit_and_the_skin_kept_no_mark(text: str) -> None:
    """After a lamp, as after a Q-switched laser, it is what is hoped for; it was read as a dark mark of the skin."""
    assert read_reaction_kinds(text, "age-spots") == ("crust",)


@pytest.mark.parametrize(
    ("text", "treats"),
    [
        ("spots turned darker", "age-spots"),  # nobody says that they are gone
        ("skin around the spots darkened, flaked off", "age-spots"),
        ("spots darkened and fell off", "melasma"),
    ],
)
def test_what_darkened_otherwise_is_a_dark_mark(text: str, treats: str) -> None:
    assert "dark-mark" in read_reaction_kinds(text, treats)


@pytest.mark.parametrize(
    "text", ["peeling for 4 days", "bronzing and dryness", "Schuppung", "redness, dry skin", "milia", "Akneschub"]
)
def test_skin_that_flakes_after_columns_is_no_question_and_after_light_for_veins_it_is(text: str) -> None:
    """Each session of a fractional laser after which the skin peeled, as it does, asked for new test spots."""
    assert UNREAD_REACTION not in read_reaction_kinds(text, "acne-scars")
    assert UNREAD_REACTION in read_reaction_kinds(text, "facial-telangiectasia")
    assert UNREAD_REACTION in read_reaction_kinds(f"{text}, peeling for 6 weeks", "acne-scars")


@pytest.mark.parametrize("text", ["swelling 24 h", "swelling for 36 hours", "Schwellung 12 Std"])
def test_hours_are_a_time(text: str) -> None:
    assert read_reaction_kinds(text) == ("redness",)


@pytest.mark.parametrize("word", ["Bläschen", "Rötung", "gerötete Augen", "Geschwür", "Narbe unverändert"])
def test_an_umlaut_is_read_however_it_is_written(word: str) -> None:
    """Keyboards without umlauts write two letters, and some systems store a letter and its dots apart."""
    plain = word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    assert read_reaction_kinds(plain) == read_reaction_kinds(normalize("NFD", word)) == read_reaction_kinds(word)


@pytest.mark.parametrize("eye", ["eye", "eyes", "left eye", "Auge", "Augen"])
@pytest.mark.parametrize("linked", [" ", " was ", " were ", " war ", " sind "])
def test_an_eye_that_is_red_hurts_light_in_every_form_of_words(eye: str, linked: str) -> None:
    red = ("rot", "gerötet") if eye.startswith("Auge") else ("red", "painful", "sore")
    for word in red:
        kinds = read_reaction_kinds(f"{eye}{linked}{word}")
        assert "eye-injury" in kinds, kinds
        assert "redness" not in kinds, kinds


@pytest.mark.parametrize(
    ("english", "german"), [("raised scars", "wulstige Narben"), ("keloids", "Keloide"), ("keloids", "Wulstnarben")]
)
def test_raised_scars_in_german_are_those_of_a_person_who_forms_them(english: str, german: str) -> None:
    for denied, forms in (("", True), ("no ", False), ("neither ", False), ("keine ", False), ("weder ", False)):
        word = english if denied in ("no ", "neither ") else german
        assert forms_raised_scars(case(session(denied + word))) is forms
    assert forms_raised_scars(case(session(english)))


@pytest.mark.parametrize(
    "word", ["infection", "wound infection", "Infektion", "infiziert", "infected crust", "no infection"]
)
def test_an_infection_is_understood_and_looked_at_before_the_next_pulse(word: str) -> None:
    told = reaction_reasons(case(session(word)), None)
    assert "earlier-unread" not in {reason.rule for reason in told}
    assert any("nfection" in reason.message.text for reason in told) is not word.startswith("no ")
    assert {reason.decision for reason in told} <= {"with-caution"}
    assert [one.kind for one in earlier_reactions(case(session("herpes infection")))] == ["herpes-labialis"]


def test_every_reaction_of_the_schema_has_its_meaning_and_words() -> None:
    assert set(reaction_kinds()) == set(REACTIONS)
    for kind, entry in reaction_kinds().items():
        for word in entry.words:
            read = earlier_reactions(case(session(word)))
            assert [one.kind for one in read] == [kind], word
