"""Groups, ratios and rules by which trials answer a question, and the priors of the fit, from `data/evidence.toml`.

The comments of that file say what each means and why. All are judgements of this project, but for the sunscreen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from skinbeam.model.estimate import Estimate
from skinbeam.model.package_data import load_package_table

__all__ = ["EvidenceSettings", "evidence_priors", "evidence_settings"]

_TABLE = "data/evidence.toml"


@dataclass(frozen=True)
class EvidenceSettings:
    """What decides whether and how trials answer, apart from the priors.

    Parameters
    ----------
    level : of every interval.
    least_studies : fewer usable ones of a condition and a modality give no answer.
    off_face : sites.
    unknown_dark_fraction, unknown_phototype : of patients whose phototype nobody printed.
    durability_months : at which the share of a gain that is kept is reported.
    alike_spot_ratio, alike_pulse_ratio : within which a spot and a pulse do the same.
    fewest_spans : of downtime that tell how much clinics differ.
    far_outside_ratio : of a dose over those of trials.
    families, site_groups : group → conditions or sites whose effects are alike.
    single_lesions : conditions of single spots or vessels.
    band_edges_nm : upper ends of the families of wavelengths. pulse_ends_ms : class of pulse → its upper end.
    pulse_modalities : modalities of which light is classified by its pulse, too.
    plausible_nm : modality of light → lowest and highest wavelength.
    sessions_scale, typical_sessions, build_months, fade_months, typical_months : of the shapes of covariates.
    building_modalities, fast_fading : modalities whose gain is still coming, and conditions that relapse.
    weakness : of a design → factor of a study's own deviation.
    count_freedom : degrees of freedom of Student's t between studies, for counts.
    late_modalities, typical_count_months, told_at_months : of harms that show late.
    printed_error_pct : to which a printed mean is good.
    sunscreen : odds of more skin ageing with sunscreen every day.
    """

    source: str
    level: float
    least_studies: int
    off_face: frozenset[str]
    unknown_dark_fraction: float
    unknown_phototype: str
    durability_months: tuple[int, ...]
    alike_spot_ratio: float
    alike_pulse_ratio: float
    fewest_spans: int
    far_outside_ratio: float
    families: Mapping[str, tuple[str, ...]]
    site_groups: Mapping[str, tuple[str, ...]]
    single_lesions: frozenset[str]
    band_edges_nm: tuple[float, ...]
    pulse_ends_ms: Mapping[str, float]
    pulse_modalities: frozenset[str]
    plausible_nm: Mapping[str, tuple[float, float]]
    sessions_scale: float
    typical_sessions: float
    build_months: float
    fade_months: float
    typical_months: float
    building_modalities: frozenset[str]
    fast_fading: frozenset[str]
    weakness: Mapping[str, float]
    count_freedom: float
    late_modalities: frozenset[str]
    typical_count_months: float
    told_at_months: float
    printed_error_pct: float
    sunscreen: Estimate

    @cached_property
    def family_of_condition(self) -> Mapping[str, str]:
        """Condition → family."""
        return _group_by_name(self.families)

    @cached_property
    def group_of_site(self) -> Mapping[str, str]:
        """Site → group of sites."""
        return _group_by_name(self.site_groups)


@cache
def evidence_settings() -> EvidenceSettings:
    """Return what `data/evidence.toml` holds beside the priors."""
    table = load_package_table(_TABLE)
    rule, bands, shape, counts = table["rule"], table["bands"], table["shape"], table["counts"]
    odds_ratio = table["sun_protection"]["odds_ratio"]
    return EvidenceSettings(
        source=table["source"],
        level=rule["level"],
        least_studies=rule["least_studies"],
        off_face=frozenset(rule["off_face"]),
        unknown_dark_fraction=rule["unknown_dark_fraction"],
        unknown_phototype=rule["unknown_phototype"],
        durability_months=tuple(rule["durability_months"]),
        alike_spot_ratio=rule["alike_spot"],
        alike_pulse_ratio=rule["alike_pulse"],
        fewest_spans=rule["fewest_spans"],
        far_outside_ratio=rule["outside_dose"],
        families={family: tuple(conditions) for family, conditions in table["families"].items()},
        site_groups={group: tuple(sites) for group, sites in table["site_groups"].items()},
        single_lesions=frozenset(table["lesions"]["single"]),
        band_edges_nm=tuple(bands["edges_nm"]),
        pulse_ends_ms=bands["pulse_ends_ms"],
        pulse_modalities=frozenset(bands["by_pulse"]),
        plausible_nm={modality: (low, high) for modality, (low, high) in table["plausible_nm"].items()},
        sessions_scale=shape["sessions_scale"],
        typical_sessions=shape["sessions_typical"],
        build_months=shape["build_months"],
        fade_months=shape["fade_months"],
        typical_months=shape["months_typical"],
        building_modalities=frozenset(shape["build"]),
        fast_fading=frozenset(shape["fade_fast"]),
        weakness=table["weak"],
        count_freedom=counts["freedom"]["value"],
        late_modalities=frozenset(counts["late_after"]),
        typical_count_months=counts["typical_months"],
        told_at_months=counts["told_at_months"],
        printed_error_pct=table["improvement"]["printed_error"]["value"],
        sunscreen=Estimate(
            odds_ratio["value"],
            odds_ratio["low"],
            odds_ratio["high"],
            odds_ratio["level"],
            "measured",
            basis=(odds_ratio["source"],),
        ),
    )


def evidence_priors(part: str) -> Mapping[str, Any]:
    """Return the priors of `improvement`, `outcomes`, `counts` or `pain` by name, as the fit reads them."""
    priors: Mapping[str, Any] = load_package_table(_TABLE)[part]
    return priors


def _group_by_name(groups: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    return {name: group for group, names in groups.items() for name in names}
