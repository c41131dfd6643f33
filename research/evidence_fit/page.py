"""Write docs/evidence.md from shipped data: the models' docstrings, priors, sampler record, and long checks."""

import ast
import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from research.evidence_fit.calibrate import BINS, least_uniform
from research.evidence_fit.data import inputs_sha256
from research.evidence_fit.leave_out import BASELINES, StudyScore, coverage, score_gain
from research.evidence_fit.ship import posterior_record
from research.evidence_pictures import pictures
from research.evidence_pictures.forest import forests
from research.evidence_pictures.funnel import study_counts
from research.evidence_pictures.harms import HarmQuestion, harm_questions
from skinbeam.evidence.settings import evidence_priors, evidence_settings
from skinbeam.evidence.studies.searches import literature_searches
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.design import UNTREATED, fitted_arms
from skinbeam.evidence.synthesis.posterior import CHECKS_FILE
from skinbeam.model.package_data import load_package_text
from skinbeam.model.vocabulary import vocabulary_table

__all__ = [
    "IMPROVEMENT",
    "PAGE",
    "dark_mark_groups",
    "load_checks",
    "load_scores",
    "render_page",
    "studies_outside",
    "treated_scores",
]

PAGE = "docs/evidence.md"
_ROOT = Path(__file__).parents[2]
IMPROVEMENT = ("responders", "mean")
_LISTED = 8  # number of least uniform quantities of the calibration that are listed
_MOST = 0.95  # nominal coverage of the intervals
_FEW = 4  # studies of a condition; where there are fewer, the queries are listed
_DARK = 3  # the phototype from which skin is called darker
_LEAST_COUNTS = 10  # of a group of dark marks whose coverage is listed: of fewer, chance decides


def load_checks() -> dict[str, Any]:
    """Return the shipped result of the long checks."""
    checks: dict[str, Any] = json.loads(load_package_text(CHECKS_FILE))
    return checks


def load_scores(*kinds: str) -> list[StudyScore]:
    """Return the shipped scores of left-out studies, of the given kinds or of all."""
    scores = [StudyScore(**record) for record in load_checks()["scores"]]
    return [score for score in scores if not kinds or score.kind in kinds]


def treated_scores() -> list[StudyScore]:
    """Return the improvement scores of treated arms."""
    untreated = {arm.row for arm in fitted_arms() if arm.modality == UNTREATED}
    return [score for score in load_scores(*IMPROVEMENT) if score.row not in untreated]


def dark_mark_groups() -> dict[str, list[StudyScore]]:
    """Return the scores of dark marks by treatment, condition and skin, of the groups with enough counts."""
    arms = {arm.row: arm for arm in trial_arms()}
    groups: dict[str, list[StudyScore]] = {}
    for score in load_scores("pih"):
        arm = arms[score.row]
        titles = [vocabulary_table("modality")[arm.modality]["title"]]
        if arm.condition:
            titles.append(vocabulary_table("condition")[arm.condition]["title"])
        if arm.phototypes is not None:
            lightest, darkest = arm.phototypes
            skin = "III and darker" if lightest >= _DARK else "I and II" if darkest < _DARK else "lighter and darker"
            titles.append(f"phototypes {skin}")
        for title in titles:
            groups.setdefault(title, []).append(score)
    return {title: group for title, group in groups.items() if len(group) >= _LEAST_COUNTS}


def render_page() -> str:
    """Return the text of docs/evidence.md."""
    from jinja2 import StrictUndefined, Template

    found, made = load_checks(), posterior_record()
    ranks = found["ranks"]
    source = (_ROOT / "research/evidence_fit/page.md.jinja").read_text(encoding="utf-8")
    text: str = Template(source, undefined=StrictUndefined).render(
        inputs=inputs_sha256(),
        **_pictures(),
        **_search_tables(),
        model=_docstring("research/evidence_fit/model.py"),
        columns=_docstring("skinbeam/evidence/synthesis/design.py"),
        priors=_priors(),
        weak=_table(
            ("weakness", "factor"), [(name, f"{factor:g}") for name, factor in evidence_settings().weakness.items()]
        ),
        sampler=made["sampler"],
        diagnostics=made["diagnostics"],
        coverage=_coverage(),
        gains=_gains(),
        dark_marks=_gain_in_words(load_scores("pih"), "one pool", "counts"),
        dark_mark_groups=_table(
            ("dark marks of", "counts", "inside the 80 % interval"),
            [
                (title, str(len(group)), str(sum(score.is_inside(0.8) for score in group)))
                for title, group in sorted(dark_mark_groups().items())
            ],
        ),
        treated=_gain_in_words(treated_scores(), "one pool", "arms"),
        kinds=_gain_in_words(treated_scores(), "pool by modality", "arms"),
        refitted=sum(score.refitted for score in load_scores(*IMPROVEMENT)),
        tenths=_tenths(load_scores(*IMPROVEMENT)),
        every_arm=_arm_table(),
        variants=_variants(),
        replicates=_replicates(found["replicates"]),
        sensitivity=_sensitivity(found["priors"]),
        designs=_table(
            ("assumption", "points of 100", "where"),
            [(row["assumption"], f"{row['points']:+.1f}", row["where"]) for row in found["weak"]],
        ),
        left_out_divergences=sum({score.study: score.divergences for score in load_scores()}.values()),
        diverged=sum(count > 0 for count in found["diverged"]),
        data_sets=len(next(iter(ranks.values()))),
        quantities=len(ranks),
        bins=BINS,
        calibration=_table(
            ("quantity", "probability", "times the number of tests"),
            [(name, f"{p:.3f}", f"{corrected:.2f}") for name, p, corrected in least_uniform(ranks)[:_LISTED]],
        ),
        not_fitted=_table(("row", "why"), [(arm.row, arm.excluded) for arm in trial_arms() if arm.excluded]),
    )
    return text.rstrip() + "\n"


def _pictures() -> dict[str, Any]:
    """Return the pictures and their tables."""
    fields = study_counts()
    return {
        "forests": [pictures.forest_picture(forest).markdown for forest in forests()],
        "outside": _outside_table(),
        "harms": [_harm_row(harm) for harm in harm_questions()],
        "funnel": pictures.FUNNEL.markdown,
        "gaps": pictures.GAPS.markdown,
        "empty": sum(not field.improvement and not field.dark_marks for field in fields),
        "fields": len(fields),
    }


def studies_outside() -> dict[str, tuple[int, int, int]]:
    """Return by harm question how many studies counted it, and how many lie outside 95 %: fitted, and when left out."""
    pit = {(score.row, score.kind): score.pit for score in load_scores()}
    outside = {}
    for harm in harm_questions():
        counts = pictures.shipped_numbers()["harms"][harm.name]["beside"]
        seen = sum(not row["predicted"][0] <= row["events"] <= row["predicted"][1] for row in counts)
        left_out = sum(abs(2.0 * pit[row["row"], harm.outcome] - 1.0) > _MOST for row in counts)
        outside[harm.title] = (len(counts), seen, left_out)
    return outside


def _outside_table() -> str:
    outside = studies_outside()
    together = [sum(numbers) for numbers in zip(*outside.values(), strict=True)]
    rows = [
        (name, str(counts), str(seen), str(left_out), f"{(1.0 - _MOST) * counts:.1f}")
        for name, (counts, seen, left_out) in [*outside.items(), ("together", together)]
    ]
    return _table(("answer", "counts", "outside 95 %", "outside when left out", "expected outside"), rows)


def _harm_row(harm: HarmQuestion) -> dict[str, str]:
    def percent(share: float) -> str:
        return "below 0.1" if share < 0.001 else f"{100.0 * share:.2g}"

    def ends(pair: Sequence[float]) -> str:
        return f"{percent(pair[0])} to {percent(pair[1])} %"

    shipped = pictures.shipped_numbers()["harms"][harm.name]
    answers = [
        (row["asked"], f"{percent(row['median'])} %", ends(row["inner"]), ends(row["outer"]))
        for row in shipped["answers"]
    ]
    beside = [
        (row["row"], f"{row['events']} of {row['of']}", "{} to {}".format(*row["predicted"]))
        for row in shipped["beside"]
    ]
    return {
        "title": harm.title,
        "picture": pictures.harm_picture(harm).markdown,
        "answers": _table(("new clinic", "median", "80 % of clinics", "95 %"), answers),
        "beside": _table(("arm", "counted", "95 % of new clinics of that size"), beside),
    }


def _search_tables() -> dict[str, Any]:
    """Return how often each condition was searched for, and the queries where few studies were found."""
    studied = {
        name: len({arm.study for arm in fitted_arms() if arm.condition == name})
        for name in vocabulary_table("condition")
    }
    asked = {name: [search for search in literature_searches() if search.condition == name] for name in ("", *studied)}
    rows = [
        (
            str(vocabulary_table("condition")[name]["title"]) if name else "harms of a treatment, for any condition",
            str(studied.get(name, "")),
            str(len(found)),
            str(sum(search.useful_studies > 0 for search in found)),
        )
        for name, found in asked.items()
    ]
    few = [
        (str(vocabulary_table("condition")[name]["title"]), search.query)
        for name, studies in studied.items()
        for search in asked[name]
        if studies < _FEW
    ]
    return {
        "queries": len(literature_searches()),
        "searches": _table(("condition", "studies of improvement", "queries", "queries that led to a study"), rows),
        "few": _FEW,
        "few_queries": _table(("condition", "query"), few),
    }


def _priors() -> str:
    rows = []
    for part in ("improvement", "outcomes", "pain"):
        for name, prior in evidence_priors(part).items():
            numbers = ", ".join(f"{key} {value:g}" for key, value in prior.items() if key != "conditions")
            rows.append((f"{part}: {name.replace('_', ' ')}", numbers, prior["conditions"]))
    return _table(("prior", "numbers", "meaning"), rows)


def _coverage() -> str:
    groups = {
        "improvement, all": load_scores(*IMPROVEMENT),
        "improvement, treated arms": treated_scores(),
        "improvement, counts": load_scores("responders"),
        "improvement, means": load_scores("mean"),
        "dark marks": load_scores("pih"),
        "lasting pale skin, scars, infection": load_scores("hypopigmentation", "scar", "infection"),
    }
    rows = []
    for name, group in groups.items():
        inside = [
            f"{100 * c['inside']:.0f} [{100 * c['low']:.0f}, {100 * c['high']:.0f}]" for c in coverage(group).values()
        ]
        score = sum(s.log_score for s in group) / len(group)
        rows.append((name, str(len({s.study for s in group})), str(len(group)), *inside, f"{score:.3f}"))
    return _table(("what", "studies", "arms", "50 % interval", "80 %", "95 %", "mean log score"), rows)


def _gains() -> str:
    groups = [load_scores(*IMPROVEMENT), treated_scores(), load_scores("responders"), load_scores("mean")]
    rows = []
    for name in BASELINES:
        gains = [score_gain(group, name) for group in groups]
        rows.append((name, *(f"{mean:+.3f} ± {error:.3f}" for mean, error in gains)))
    return _table(("over", "all arms", "treated arms", "counts", "means"), rows)


def _gain_in_words(group: list[StudyScore], baseline: str, what: str) -> str:
    mean, error = score_gain(group, baseline)
    return f"{mean:+.3f} ± {error:.3f} over {len(group)} {what} of {len({score.study for score in group})} studies"


def _tenths(group: list[StudyScore]) -> str:
    weight = [0.0] * 10
    for study in dict.fromkeys(s.study for s in group):
        own = [s for s in group if s.study == study]
        for s in own:
            weight[min(9, int(10 * s.pit))] += 1.0 / len(own)
    return _table([f"{k / 10:.1f}–{(k + 1) / 10:.1f}" for k in range(10)], [[f"{w:.1f}" for w in weight]])


def _arm_table() -> str:
    rows = []
    for s in load_scores(*IMPROVEMENT):
        predicted = f"{s.median:.2f}" if s.kind == "responders" else f"{s.median:.0f} %"
        beyond = s.log_score - s.baselines["one pool"]
        rows.append((s.row, s.printed, predicted, f"{s.pit:.2f}", f"{s.log_score:.2f}", f"{beyond:+.2f}"))
    return _table(("arm", "printed", "predicted (median)", "PIT", "log score", "gain over one pool"), rows)


def _variants() -> str:
    rows = list(csv.reader(io.StringIO((_ROOT / "research/evidence_fit/variants.csv").read_text(encoding="utf-8"))))
    return _table(rows[0], rows[1:])


def _replicates(result: dict[str, Any]) -> str:
    def span(quantiles: list[float]) -> str:
        low, middle, high = quantiles
        return f"{middle:.3g} ({low:.3g} to {high:.3g})"

    rows = [(name, f"{s['printed'][0]:.3g}", span(s["prior"]), span(s["posterior"])) for name, s in result.items()]
    return _table(("statistic", "printed", "prior", "posterior"), rows)


def _sensitivity(results: list[dict[str, Any]]) -> str:
    rows = [
        (row["prior"], f"{row['points']:+.1f}" if row["known"] else "unknown: too few draws remain", row["where"])
        for row in sorted(results, key=lambda row: -abs(row["points"]))
    ]
    return _table(("prior", "points of 100", "where"), rows)


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _docstring(name: str) -> str:
    return ast.get_docstring(ast.parse((_ROOT / name).read_text(encoding="utf-8"))) or ""
