"""What a patient reads in German: as easy and as short as the English, and written as German is."""

import io
import re
from collections.abc import Iterable

from consultations import EXAMPLES, PERSON, concern, document
from plan_reading import read_plan
from pypdf import PdfReader
from readability import consent_sentences, leaflet_sentences
from report_samples import leaflet_pdf, sample

from research.translation_files import MESSAGES
from skinbeam.plan_records.plan import Plan
from skinbeam.report.consent_form import consent_page, make_consent
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.text import catalogue, message_parameters, render_message, use_language

# The first consultation of the examples, without its photograph.
FIRST_CONSULTATION = (EXAMPLES / "first-consultation" / "case.toml").read_text("utf-8").partition("[photo]")[0]
SCHOOL_YEAR = 6.0  # of children of twelve, as in English


def sentences(plan: Plan) -> list[str]:
    lasers = [(concern, option) for concern in plan.concerns for option in concern.options if option.setup is not None]
    consents = [line for laser in lasers for line in consent_sentences(consent_page(plan, *laser))]
    return [*leaflet_sentences(leaflet_page(plan)), *consents]


def syllables(word: str) -> int:
    return max(1, len(re.findall(r"[aeiouyäöü]", re.sub(r"ei|ai|au|eu|äu|ie|aa|ee|oo", "a", word.lower()))))


def school_year(texts: Iterable[str]) -> float:
    """The first Wiener Sachtextformel (Bamberger and Vanecek 1984): the year at school in which a text can be read."""
    sentences = [re.findall(r"[^\W\d_]+", part) for text in texts for part in re.split(r"[.!?](?=\s|$)", text)]
    parts = [part for part in sentences if part]
    words = [word for part in parts for word in part]
    many, long, one = (
        100 * sum(holds(word) for word in words) / len(words)
        for holds in (lambda w: syllables(w) >= 3, lambda w: len(w) > 6, lambda w: syllables(w) == 1)
    )
    return 0.1935 * many + 0.1672 * len(words) / len(parts) + 0.1297 * long - 0.0327 * one - 0.875


def test_a_child_of_twelve_can_read_it() -> None:
    hard = ["Die postinflammatorische Hyperpigmentierung persistiert nach ablativen Behandlungsverfahren mehrmonatig."]
    assert school_year(hard) > 2 * SCHOOL_YEAR
    with use_language("de"):
        assert school_year(sentences(sample())) <= SCHOOL_YEAR


def test_what_a_treatment_does_is_not_said_of_the_reader() -> None:
    """Of injections it said "Sie können dicke Narben flacher machen", which reads as what the patient can do."""
    with use_language("de"):
        said = [render_message(key) for key in catalogue() if key.startswith(("leaflet_plus.", "leaflet_minus."))]
    assert any("Haut" in text for text in said)
    assert [text for text in said if re.search(r"\bSie (?:können|heben|machen|wirken|beruhigen)\b", text)] == []


def test_a_patient_reads_who_gives_tablets_and_not_that_they_come_medically() -> None:
    """ "Vielleicht bekommen Sie vorher ärztlich Tabletten" stood in leaflet and consent."""
    said = "".join((MESSAGES / "de" / name).read_text(encoding="utf-8") for name in ("leaflet.po", "why.po"))
    assert "Eine Ärztin oder ein Arzt kann Ihnen vorher Tabletten" in said
    assert re.findall(r"\bbekommen Sie [^.]*ärztlich\b", said) == []


def test_nouns_keep_their_capital_within_a_sentence_and_lines_begin_with_one() -> None:
    with use_language("de"):
        page = leaflet_page(sample())
    listed = re.search(r"Es geht um: ([^.]*)\.", " ".join(page.intro))
    assert listed
    assert re.search(r"[A-ZÄÖÜ]", listed[1]), "conditions are nouns, most of them alone"
    assert all(concern.title[0].isupper() for concern in page.concerns)
    assert all(option.name[0].isupper() for concern in page.concerns for option in concern.options)


def test_names_that_begin_with_no_noun_begin_small_since_they_stand_within_sentences() -> None:
    """ "Sonnencreme (Rote und braune Sonnenflecken)", and whom to see was a man."""
    with use_language("de"):
        texts = {key: render_message(key) for key in catalogue() if not message_parameters(key)}
    names = [
        text
        for key, text in texts.items()
        if key.startswith(("leaflet_condition.", "leaflet_choice.", "leaflet_harm."))
    ]
    first = "Rot|Braun|Jed|Klein|Fein|Tief|Mild|Dunkl|Hell|Erhaben|Blau|Lang|Dünn|Mehr|Schlaff|Rau|Fahl|Bleibend|Nicht"
    assert not [name for name in names if re.match(rf"({first})(e[rnsm]?|ts)?\b", name)]


def test_a_doctor_is_of_both_sexes_in_the_case_of_the_sentence() -> None:
    """ "Das wartet auf eine Ärztin oder ein Arzt", and "ein Arzt, die die Narben gesehen hat"."""
    wrong = re.compile(
        r"\b(auf|für|durch|ohne|gegen|um|an|über|fragt?|bitten?|[Ff]ragen Sie|[Bb]itten Sie) "
        r"eine \w*[äÄ]rztin oder ein \w*[aA]rzt\b|\w*[aA]rzt, (die|der) (?!oder)"
    )
    files = {file.name: file.read_text(encoding="utf-8") for file in (MESSAGES / "de").glob("*.po")}
    assert len(files) > 10
    assert not [(name, found[0]) for name, text in files.items() if (found := wrong.search(text))]
    alone = re.compile(r"(?<!oder )\b(eine?[mn]?|zum|vom|beim) \w*[aA]rzt\b|ärztliche Person")
    patients = ("leaflet.po", "why.po", "consent.po", "aftercare.po", "clinic_diary.po")
    assert not [(name, found[0]) for name in patients if (found := alone.search(files[name]))]


def test_it_is_as_short_as_in_english() -> None:
    plan = sample()
    with use_language("de"):
        assert len(leaflet_pdf(plan).pages) <= 3 + len(plan.concerns)


def test_what_the_first_page_has_no_room_for_stands_behind_the_last_concern() -> None:
    """In German a second page held a quarter of a page: how to read the dots, what is not known, and who wrote this."""
    plan = read_plan(document(FIRST_CONSULTATION))
    with use_language("de"):
        words = [page.extract_text() for page in leaflet_pdf(plan).pages]
    assert len(words) == 1 + len(plan.concerns)
    assert "Wie Sie die Punkte lesen" in words[0]
    assert all(heading in words[-1] for heading in ("Was wir nicht wissen", "Über dieses Blatt"))


def test_three_concerns_with_care_of_their_own_leave_no_page_nearly_white() -> None:
    """A second page held the last three lines of the first, and the consent form left half a page white."""
    concerns = concern("redness") + concern("age-spots", "hands") + concern("wrinkles", "forehead")
    plan = read_plan(document(PERSON + concerns))
    for language in ("en", "de"):
        with use_language(language):
            assert len(leaflet_pdf(plan).pages) == 1 + len(plan.concerns)
            for one in plan.concerns:
                assert one.first_laser is not None
                form = PdfReader(io.BytesIO(make_consent(plan, one, one.first_laser[0])))
                words = [len(page.extract_text().split()) for page in form.pages]
                assert len(words) == 2 or words[1] > 450
