"""Who should wait, who should be seen by somebody else, and what goes with a treatment."""

from collections.abc import Iterator

from relations.relation import Plans, relation


def postponed(plans: Plans, decision: str) -> Iterator[str]:
    """A complaint for each plan with another decision, or with a laser."""
    for plan in plans.values():
        if plan.decision != decision or plan.lasers:
            yield f"{plan.name}: {plan.decision}, {[str(one) for one in plan.lasers]}"


@relation(
    "pregnancy-waits",
    "What can wait until after a pregnancy waits.",
    sources="trivedi2017pregnancy",
    cases="pregnant",
)
def pregnancy_waits(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "not-suitable")


@relation(
    "pregnancy-no-retinoid",
    "No retinoid is proposed in pregnancy: how much of a cream would harm the child is not known.",
    sources="han2020tazarotene",
    cases="pregnant",
)
def pregnancy_no_retinoid(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("topical-retinoid"):
            yield f"{plan.name}: {one}"


@relation(
    "pregnancy-no-toxin",
    "Botulinum toxin for looks waits until after a pregnancy, since too little is known of it.",
    sources="trivedi2017pregnancy",
    cases="frown-lines-pregnant",
)
def pregnancy_no_toxin(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("botulinum-toxin"):
            yield f"{plan.name}: {one}"


@relation(
    "pacemaker-no-radiofrequency",
    "Nobody with a pacemaker or defibrillator gets radiofrequency.",
    sources="thermageconsent",
    cases="laxity-pacemaker",
)
def pacemaker_no_radiofrequency(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("radiofrequency"):
            yield f"{plan.name}: {one}"


@relation(
    "tan-waits",
    "Skin that was tanned in the last four weeks is not treated.",
    sources="lynchforms steps78",
    cases="tanned",
)
def tan_waits(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "not-suitable")


@relation(
    "infection-waits",
    "No laser on infected skin.",
    sources="cohen2019eyelid steps78",
    cases="infected",
)
def infection_waits(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "not-suitable")


@relation(
    "photodynamic-drug-waits",
    "No laser and no lamp within weeks of a medicine for photodynamic therapy.",
    sources="bmladrugs",
    cases="photodynamic-drug",
)
def photodynamic_drug_waits(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "not-suitable")


@relation(
    "perfection-is-talked-about",
    "Whoever expects a perfect result is seen and asked before any laser.",
    sources="higgins2018",
    cases="perfection",
)
def perfection_is_talked_about(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "refer")


@relation(
    "minors-are-referred",
    "A child is referred to a doctor who treats children, with nothing set on a device.",
    sources="gmc2016",
    cases="minor",
)
def minors_are_referred(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "refer")


@relation(
    "vitiligo-is-referred",
    "Whoever has vitiligo is referred before a laser, which can bring new patches.",
    sources="post2023",
    cases="vitiligo",
)
def vitiligo_is_referred(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "refer")


@relation(
    "lupus-is-referred",
    "Whoever has lupus is referred before light is used.",
    sources="kuhn2017",
    cases="lupus",
)
def lupus_is_referred(plans: Plans) -> Iterator[str]:
    yield from postponed(plans, "refer")


@relation(
    "isotretinoin-no-full-field",
    "Within six months of isotretinoin there is no full-field ablation; fractional lasers are no longer forbidden.",
    sources="spring2017 waldman2017 mirza2020",
    cases="isotretinoin",
)
def isotretinoin_no_full_field(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if plan.of("ablative") or not plan.of("non-ablative-fractional", "fractional-ablative"):
            yield f"{plan.name}: {[str(one) for one in plan.lasers]}"


@relation(
    "irradiated-skin-not-ablated",
    "A field that was irradiated is not ablated: it has few appendages to heal from.",
    sources="mayoavoid",
    cases="irradiated immunosuppressed",
)
def irradiated_skin_not_ablated(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative", "fractional-ablative"):
            yield f"{plan.name}: {one}"


@relation(
    "herpes-prophylaxis",
    "Before the skin around the mouth is ablated, an antiviral is thought of, above all after cold sores.",
    sources="gilbert2000 gold2021 valacyclovir1999",
    cases="herpes lip-severe-II",
)
def herpes_prophylaxis(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        for one in plan.of("ablative", "fractional-ablative"):
            if not one.rules & {"antiviral-history", "antiviral-around-mouth"}:
                yield f"{plan.name}: {one}"


@relation(
    "cold-sores-antiviral-in-aftercare",
    "Whoever has cold sores is told in the aftercare to take the antiviral as it was prescribed.",
    sources="gilbert2000 valacyclovir1999",
    cases="herpes",
)
def cold_sores_antiviral_in_aftercare(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        if "aftercare-antiviral" not in {one["rule"] for one in plan.document["aftercare"]}:
            yield f"{plan.name}: {[one['rule'] for one in plan.document['aftercare']]}"


@relation(
    "open-skin-ointment-not-sunscreen",
    "Skin that was opened is kept under ointment, and sunscreen waits until it has closed.",
    sources="mayoresurfacing",
    cases="herpes lip-severe-II",
)
def open_skin_ointment_not_sunscreen(plans: Plans) -> Iterator[str]:
    for plan in plans.values():
        rules = {one["rule"] for one in plan.document["aftercare"]}
        if plan.of("ablative", "fractional-ablative") and not rules >= {
            "aftercare-wound",
            "aftercare-sunscreen-not-on-raw-skin",
        }:
            yield f"{plan.name}: {sorted(rules)}"
