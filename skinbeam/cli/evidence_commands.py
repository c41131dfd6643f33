"""Commands about evidence: expected results from trials, comparisons, the guideline, advertising claims, sources."""

from pathlib import Path
from typing import Annotated

import typer

from skinbeam.cli.common import Json, Plot, Seed, check_plot, draw_plot, print_document, print_formatted, print_result

__all__ = ["cite", "claims", "compare", "expect", "guideline"]


def expect(
    condition: Annotated[str, typer.Option("--condition", help="See `skinbeam conditions`.")],
    modality: Annotated[str, typer.Option("--modality", help="See `skinbeam conditions`.")],
    severity: Annotated[str | None, typer.Option("--severity", help="mild, moderate, severe, or a range.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Body site.")] = None,
    wavelength: Annotated[float | None, typer.Option("--wavelength", help="In nm.")] = None,
    pulse_ms: Annotated[float | None, typer.Option("--pulse-ms", help="Length of a pulse, in ms.")] = None,
    sessions: Annotated[float | None, typer.Option("--sessions", help="Number of sessions.")] = None,
    follow_up_months: Annotated[float | None, typer.Option("--follow-up-months", help="Months after the last.")] = None,
    phototype: Annotated[str | None, typer.Option("--phototype", help="I to VI, or a range.")] = None,
    subtype: Annotated[
        list[str] | None, typer.Option("--subtype", help="A kind of the condition; may stand again.")
    ] = None,
    patients: Annotated[int, typer.Option("--patients", help="Patients of the new clinic.")] = 100,
    threshold: Annotated[int, typer.Option("--threshold", help="Improvement that counts, in per cent.")] = 50,
    rater: Annotated[str | None, typer.Option("--rater", help="blinded, physician or patient.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="patients or lesions.")] = "patients",
    plot: Plot = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """What published trials say a new clinic would see."""
    from skinbeam.cli.plain_text import worded_sentences
    from skinbeam.evidence.expectation.expect import answer_question
    from skinbeam.evidence.question import EvidenceQuestion

    question = EvidenceQuestion(
        condition,
        modality,
        severity=severity,
        site=site,
        wavelength_nm=wavelength,
        pulse_ms=pulse_ms,
        sessions=sessions,
        follow_up_months=follow_up_months,
        phototype=phototype,
        patients=patients,
        threshold=threshold,
        rater=rater,
        unit=unit,
        subtypes=tuple(subtype or ()),
    )
    check_plot(plot)
    answer = answer_question(question, seed=seed)
    draw_plot(answer, plot)
    print_result(answer, worded_sentences, json=json)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A treatment; see `skinbeam conditions`.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The treatment it is compared with.")],
    condition: Annotated[str, typer.Option("--condition", help="See `skinbeam conditions`.")],
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """What trials that compared two treatments found, and the network's answer beside it."""
    from skinbeam.cli.plain_text import worded_sentences
    from skinbeam.evidence.comparison.compare import compare_connected

    print_result(compare_connected(condition, a, b, seed=seed), worded_sentences, json=json)


def guideline(
    condition: Annotated[str, typer.Argument(metavar="CONDITION", help="See `skinbeam conditions`.")],
    phototype: Annotated[str | None, typer.Option("--phototype", help="I to VI; all without it.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Body site.")] = None,
    subtype: Annotated[str | None, typer.Option("--subtype", help="A kind of the condition.")] = None,
    json: Json = False,
) -> None:
    """What clinics do first, second and third by phototype, what they avoid, and the sources."""
    from skinbeam.api.guideline import answer_guideline
    from skinbeam.cli.plain_text import format_guideline

    answer = answer_guideline(condition, phototype=phototype, site=site, subtype=subtype)
    print_formatted(answer, format_guideline, json=json)


def claims(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A leaflet or web text to check.")] = None,
    json: Json = False,
) -> None:
    """What advertising says about laser treatment, each claim with verdict and evidence."""
    from skinbeam.evidence.claims import check_claims

    print_result(check_claims(file), json=json)


def cite(
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY...]",
            help="Source keys, or files such as plan.json, which stand for the sources they name; none means all.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """BibTeX of sources: of these, of those behind a plan or another result, or of all."""
    from skinbeam.api.cite import cite_document, cite_text

    if json:
        print_document(cite_document(keys or ()).to_dict(), json=True)
    else:
        print(cite_text(keys or ()), end="")
