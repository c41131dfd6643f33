"""Find advertising claims about laser treatment in a text, and return each with its verdict.

A sentence makes a claim when it contains one phrase of every group of the claim's `find` and none of its `unless`. A
claim marked `promise` is not made where the sentence takes it back: by a negation, a warning, a question, or the
heading above. A claim with `yields_to` is dropped where the same sentence also makes one of the claims it lists.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from skinbeam.evidence.claim_sentences import Sentence, split_sentences
from skinbeam.model.document import DocumentResult, sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import read_bytes
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.text import DocumentWarning, Message

__all__ = ["Claim", "ClaimList", "FoundClaim", "check_claims", "claims", "find_claims"]

LARGEST_BYTES = 1_000_000
LONGEST_SENTENCE = 300  # characters of a sentence in the document; longer ones are cut
MOST_SENTENCES = 20  # largest number of sentences listed for one claim
_PROMISE = "P"  # prefix of the ids of claims that only other texts make: searched for, but not listed without a file


@dataclass(frozen=True)
class Claim:
    """A claim of `data/claims.toml`.

    Parameters
    ----------
    verdict : supported, partly, unsupported or contradicted. rule : what in the product answers it.
    find : a sentence makes the claim when it contains one phrase of every group, and none of `unless`.
    is_promise : whether the sentence may take it back. denied_after : also by a negation after it.
    quiet_under_risks : whether it is not made under a heading of risks.
    yields_to : claims that stand for this one where a sentence makes them, too.
    found_with : groups of claims; it is made where one of every group is found.
    """

    verdict: str
    rule: str
    sources: tuple[str, ...]
    find: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    is_promise: bool
    denied_after: bool
    quiet_under_risks: bool
    yields_to: tuple[str, ...]
    found_with: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class FoundClaim:
    """An entry of the document."""

    id: str
    sentence: str
    claim: str
    verdict: str
    evidence: str
    better: str
    rule: str
    sources: tuple[str, ...]


@cache
def claims() -> Mapping[str, Claim]:
    """Return the claims of `data/claims.toml` by id."""
    return {
        name: Claim(
            verdict=entry["verdict"],
            rule=entry["rule"],
            sources=tuple(entry["sources"]),
            find=tuple(map(tuple, entry.get("find", ()))),
            unless=tuple(entry.get("unless", ())),
            is_promise=entry.get("promise", False),
            denied_after=entry.get("denied_after", False),
            quiet_under_risks=entry.get("quiet_under_risks", False),
            yields_to=tuple(entry.get("yields_to", ())),
            found_with=tuple(map(tuple, entry.get("found_with", ()))),
        )
        for name, entry in load_package_table("data/claims.toml").items()
    }


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClaimList(DocumentResult):
    """Claims with their verdicts."""

    schema: ClassVar[str] = "skinbeam.claims/1"

    claims: tuple[FoundClaim, ...]


def check_claims(file: Path | None = None) -> ClaimList:
    """Return every claim of the two texts, or those that the text in `file` makes, with their verdicts.

    Raises
    ------
    InputError : no such file, too large, not UTF-8, empty.
    """
    if file is None:
        names = (name for name in claims() if name[0] != _PROMISE)
        listed = tuple(_claim_entry(name, Message(f"claim-sentence.{name.lower()}").text) for name in names)
        return ClaimList(case_sha256=sha256_hex({}), seed=0, claims=listed)
    text = _read_text_file(file)
    found, warnings = _list_entries(find_claims(text))
    asked = sha256_hex({"text_sha256": sha256_hex(text.encode())})
    return ClaimList(case_sha256=asked, seed=0, warnings=tuple(warnings), claims=tuple(found))


def find_claims(text: str) -> list[tuple[str, str]]:
    """Return (claim id, sentence) in the order of the text; contradictions between found claims come last."""
    pairs = [(name, sentence.text) for sentence in split_sentences(text) for name in _claims_in(sentence)]
    names = {name for name, _ in pairs}
    for name, claim in claims().items():
        pair = [next((member for member in group if member in names), None) for group in claim.found_with]
        if pair and None not in pair:
            sentences = dict.fromkeys(
                next(sentence for claim_id, sentence in pairs if claim_id == member) for member in pair
            )
            if len(sentences) > 1:  # both claims in one sentence are no contradiction
                pairs.append((name, " / ".join(sentences)))
    return pairs


def _claims_in(sentence: Sentence) -> list[str]:
    stand = {name: claim for name, claim in claims().items() if _is_stated(claim, sentence)}
    promises = [phrase for claim in stand.values() if claim.is_promise for phrase in claim.find[0]]
    spent = frozenset(place for phrase in promises for place in sentence.negations_in(phrase))
    made = {name for name, claim in stand.items() if not claim.is_promise or _is_promised(claim, sentence, spent)}
    return [name for name in claims() if name in made and not made.intersection(claims()[name].yields_to)]


def _is_stated(claim: Claim, sentence: Sentence) -> bool:
    """Whether the sentence contains the phrases of the claim, regardless of whether it takes them back."""
    return (
        bool(claim.find)
        and all(any(map(sentence.contains, group)) for group in claim.find)
        and not any(map(sentence.contains, claim.unless))
    )


def _is_promised(claim: Claim, sentence: Sentence, spent: frozenset[int]) -> bool:
    """Whether the sentence makes a promise that it contains and does not take it back."""
    quiet = sentence.section_topic == "risks" and claim.quiet_under_risks
    return (
        not quiet
        and not sentence.makes_no_promise
        and any(sentence.states_promise(phrase, spent, denied_after=claim.denied_after) for phrase in claim.find[0])
    )


def _list_entries(pairs: Sequence[tuple[str, str]]) -> tuple[list[FoundClaim], list[DocumentWarning]]:
    """Return entries for the claims found, at most `MOST_SENTENCES` of each, and warnings about the rest."""
    if not pairs:
        return [], [DocumentWarning("no-claim-found", Message("claims-warning.none-found"))]
    shown: Counter[str] = Counter()
    more: Counter[str] = Counter()
    entries = []
    for name, sentence in dict.fromkeys(pairs):
        if shown[name] == MOST_SENTENCES:
            more[name] += 1
            continue
        shown[name] += 1
        cut = sentence if len(sentence) <= LONGEST_SENTENCE else sentence[: LONGEST_SENTENCE - 1] + "…"
        entries.append(_claim_entry(name, cut))
    if not more:
        return entries, []
    params = {"count": more.total(), "limit": MOST_SENTENCES, "claims": list(more)}
    return entries, [DocumentWarning("more-sentences", Message("claims-warning.more", params))]


def _claim_entry(name: str, sentence: str) -> FoundClaim:
    claim = claims()[name]
    cite_sources(*claim.sources)
    return FoundClaim(
        id=name,
        sentence=sentence,
        claim=Message(f"claim.{name.lower()}").text,
        verdict=claim.verdict,
        evidence=Message(f"claim-evidence.{name.lower()}").text,
        better=Message(f"claim-better.{name.lower()}").text,
        rule=claim.rule,
        sources=claim.sources,
    )


def _read_text_file(file: Path) -> str:
    def fault(code: str, message: str, hint: str) -> InputError:
        return InputError(code, message, field="FILE", hint=hint, file=file.name)

    data = read_bytes(file, field="FILE", max_bytes=LARGEST_BYTES, description="a text file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise fault("not-utf-8", f"is not UTF-8 text (byte {error.start})", "A text file in UTF-8.") from error
    if "\0" in text or not text.strip():
        raise fault("no-text", "holds no text", "A text file in UTF-8.")
    return text
