"""Claims: all of them are answered, each answer's rule and sources exist, and a text's promises are found."""

import hashlib
import importlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from paths import TESTS

from skinbeam.evidence.claims import check_claims, claims, find_claims
from skinbeam.evidence.expectation.expect import answer_question
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.errors import InputError
from skinbeam.model.sources import bibliography
from skinbeam.text import catalogue

DATA = TESTS / "data"
VERDICTS = {"supported", "partly", "unsupported", "contradicted"}
LISTED = [f"A{k}" for k in range(1, 14)] + [f"B{k}" for k in range(1, 20)] + [f"X{k}" for k in range(1, 9)]
FIELDS = ["id", "sentence", "claim", "verdict", "evidence", "better", "rule", "sources"]


def found(name: str) -> set[str]:
    return {claim for claim, _ in find_claims((DATA / f"claims_{name}.txt").read_text(encoding="utf-8"))}


def test_the_forty_claims_are_listed_whole() -> None:
    document = check_claims().to_dict()
    assert document["schema"] == "skinbeam.claims/1"
    assert [claim["id"] for claim in document["claims"]] == LISTED
    for claim in document["claims"]:
        assert list(claim) == FIELDS
        assert all(claim.values())
        assert claim["verdict"] in VERDICTS


def test_a_better_sentence_makes_no_contradicted_claim() -> None:
    for claim in claims():
        for name, sentence in find_claims(catalogue()[f"claim-better.{claim.lower()}"]):
            assert claims()[name].verdict != "contradicted", (claim, name, sentence)


@pytest.mark.parametrize("name", claims())
def test_rule_and_sources_exist(name: str) -> None:
    claim = claims()[name]
    kind, _, what = claim.rule.partition(":")
    assert claim.sources
    assert all(key in bibliography() for key in claim.sources)
    if kind == "rule":
        rules = resources.files("skinbeam") / "data" / "rules.toml"
        assert what in tomllib.loads(rules.read_text(encoding="utf-8"))
    elif kind == "message":
        assert what in catalogue()
    elif kind == "function":
        module, _, function = what.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))
    else:
        assert kind == "field"
        value: Any = answer_question(EvidenceQuestion("acne-scars", "fractional-ablative")).to_dict()
        for part in what.removeprefix("expect.").split("."):
            value = value[part]


def test_promises_are_found() -> None:
    assert found("promises") >= {f"P{k}" for k in range(1, 10)} | {"B12"}


def test_sober_sentences_are_left_alone() -> None:
    assert found("sober") == set()


def lines(name: str) -> list[str]:
    return (DATA / f"claims_{name}.txt").read_text(encoding="utf-8").splitlines()


def test_a_promise_is_found_however_it_is_worded() -> None:
    promises = [line.split("|") for line in lines("hype")]
    assert promises
    missed = [
        sentence
        for wanted, sentence in promises
        if not {claim for claim, _ in find_claims(sentence)} & set(wanted.split())
    ]
    assert not missed


def test_a_plain_sentence_is_left_alone() -> None:
    """What is said with its limits makes no claim but true ones."""
    sentences = lines("plain")
    assert sentences
    blamed = [s for s in sentences if {claims()[name].verdict for name, _ in find_claims(s)} - {"supported"}]
    assert not blamed


def names(text: str) -> list[str]:
    return [name for name, _ in find_claims(text)]


def worded(name: str) -> list[tuple[set[str], str]]:
    """Sentences as clinics put them, each with the claims of which one must be found (none: `-`)."""
    return [(set(wanted.split()) - {"-"}, text) for wanted, text in (line.split("|", 1) for line in lines(name))]


def blamed(text: str) -> bool:
    return any(claims()[name].verdict != "supported" for name in names(text))


def shares(sentences: list[tuple[set[str], str]]) -> tuple[float, float]:
    """Share of the claims that are found, and of the honest sentences that are called anything but supported."""
    made = [bool(wanted & set(names(text))) for wanted, text in sentences if wanted]
    wrong = [blamed(text) for wanted, text in sentences if not wanted]
    return sum(made) / len(made), sum(wrong) / len(wrong)


def is_held_out(text: str) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2 == 1


def test_the_half_that_phrases_were_written_from_is_answered() -> None:
    assert shares([(wanted, text) for wanted, text in worded("unseen") if not is_held_out(text)]) == (1, 0)


def test_the_half_that_was_not_looked_at_is_answered_mostly() -> None:
    """78 of 81 claims found and 1 of 50 honest sentences blamed; 14 and 12 before.

    One hand wrote these sentences and the phrases, so this says more of regressions than of other people's texts. The
    floors are the ends of the one-sided 95 % intervals (Clopper and Pearson) of 78 in 81 and 1 in 50.
    """
    found_share, blamed_share = shares([(wanted, text) for wanted, text in worded("unseen") if is_held_out(text)])
    assert found_share >= 0.907
    assert blamed_share <= 0.091


def test_sentences_written_after_the_phrases_are_answered_mostly() -> None:
    """50 of 60 claims found and 2 of 30 honest sentences blamed at first sight; 29 and 2 before.

    No phrase was written from these: what they miss shows how much a new text will miss. The floors are the ends of
    the one-sided 95 % intervals (Clopper and Pearson) of these counts.
    """
    found_share, blamed_share = shares(worded("later"))
    assert found_share >= 0.733
    assert blamed_share <= 0.196


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Still, it can roll back the clock on your face.", ["P10"]),
        ("It can help to erase some of these effects.", ["P25"]),
        ("It can improve the look and feel of your skin.", ["P26"]),
        ("It cannot roll back the clock.", []),
        ("It may fade spots a little but not erase wrinkles.", []),
        ("Forget about sunscreen.", ["P12"]),
        ("Wear sunscreen.", ["B17"]),
        ("One treatment will rarely do.", []),
        ("No pain with permanent results.", ["P1", "P2"]),
        ("Does it hurt? No, not at all.", ["P2"]),
        ("Is it safe for everyone? No.", []),
        ("Each session lasts between 30 minutes and an hour.", ["A11", "B3"]),
    ],
)
def test_what_a_sentence_claims(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted


@pytest.mark.parametrize(
    "between", [" ", "\n", "\n\n", "\n- ", " • ", " Ask Dr. Weber, e.g. on Mondays. ", "\n\n# Prices\n\n"]
)
def test_a_verdict_goes_with_the_sentence_that_says_it(between: str) -> None:
    sentences = [
        "The treatment is painless.",
        "We are open on Mondays.",
        "Spots never come back.",
        "The lift is at the back.",
    ]
    found_in: dict[str, set[str]] = {}
    for name, sentence in find_claims(between.join(sentences)):
        found_in.setdefault(sentence, set()).add(name)
    assert found_in == {sentences[0]: {"P2"}, sentences[2]: {"P1"}}


def test_lines_of_a_list_without_marks_are_judged_one_by_one() -> None:
    assert find_claims("Painless treatment\nOpen on Mondays\nPermanent results") == [
        ("P2", "Painless treatment"),
        ("P1", "Permanent results"),
    ]


def test_a_heading_takes_back_what_stands_under_it() -> None:
    listed = "\n- permanent results\n- one session for everything\n- painless treatment\n"
    under = "{}\n{}\nOur results are permanent.\n"
    assert len(find_claims(under.format("We promise nothing less:", listed))) >= 4
    found = find_claims(under.format("What we cannot promise:", listed))
    assert found == [("P1", "Our results are permanent.")]


def test_an_honest_page_is_left_alone() -> None:
    assert found("honest_page") == set()


def test_under_risks_lasting_harm_is_named_and_safety_still_promised() -> None:
    text = "# Risks\n\n- permanent paleness\n- dramatic swelling\n- There are no side effects.\n"
    assert [name for name, _ in find_claims(text)] == ["P3"]
    assert {name for name, _ in find_claims(text.replace("# Risks", "# Your gain"))} == {"P1", "P3", "P6"}


def test_a_question_promises_only_with_its_answer() -> None:
    assert find_claims("Is it permanent? That depends.") == []
    assert find_claims("Is it permanent? Yes, it is.") == [("P1", "Is it permanent? Yes, it is.")]
    assert find_claims("Downtime? None.") == [("P9", "Downtime? None.")]


def test_a_negation_takes_back_its_own_clause_alone() -> None:
    assert [name for name, _ in find_claims("It is not permanent, but it is painless.")] == ["P2"]
    assert [name for name, _ in find_claims("It is not only permanent.")] == ["P1"]


def test_paraphrases_of_both_texts_are_found_or_come_with_others() -> None:
    assert found("first_clinic") == {f"A{k}" for k in range(1, 14)}
    assert found("second_clinic") >= {f"B{k}" for k in range(1, 20)}
    both = "\n\n".join((DATA / f"claims_{name}_clinic.txt").read_text(encoding="utf-8") for name in ("first", "second"))
    assert {name for name, _ in find_claims(both)} >= set(LISTED)


def test_a_file_is_answered_sentence_by_sentence() -> None:
    document = check_claims(DATA / "claims_promises.txt").to_dict()
    assert document["warnings"] == []
    first = document["claims"][0]
    assert first["sentence"] == "Our clinic gives permanent results in just one session."
    assert (first["id"], first["verdict"]) == ("P1", "contradicted")
    assert document["case_sha256"] != check_claims().to_dict()["case_sha256"]


def test_nothing_found_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "leaflet.txt"
    file.write_text("We are open from nine to five.\n", encoding="utf-8")
    document = check_claims(file).to_dict()
    assert document["claims"] == []
    assert [w["code"] for w in document["warnings"]] == ["no-claim-found"]


def test_line_ends_quotes_and_marks_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "leaflet.txt"
    file.write_bytes("\ufeffIt’s\r\nPAINLESS,\r\nand risk-free!".encode())
    assert {claim["id"] for claim in check_claims(file).to_dict()["claims"]} == {"P2", "P3"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a" * 1_000_001, "file-too-large"),
        (b"\xff\xfe\x00", "not-utf-8"),
        (b" \n", "no-text"),
        (b"a\0b", "no-text"),
        (None, "missing-file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes | None, code: str) -> None:
    file = tmp_path / "leaflet.txt"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(InputError) as caught:
        check_claims(file).to_dict()
    assert (caught.value.code, caught.value.field, caught.value.file) == (code, "FILE", "leaflet.txt")


def test_a_name_that_no_file_can_have_is_refused_as_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check_claims(tmp_path / ("a" * 300))
    assert caught.value.code == "unreadable-file"


def test_a_text_full_of_promises_is_cut_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "leaflet.txt"
    file.write_text("".join(f"Result {k} is permanent. " for k in range(200)), encoding="utf-8")
    document = check_claims(file).to_dict()
    assert len(document["claims"]) == 20
    assert [w["code"] for w in document["warnings"]] == ["more-sentences"]
    assert "180" in document["warnings"][0]["message"]
