"""What a clinician reads off the document of a plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Reading", "Shown", "sentences"]

NANOSECONDS_BELOW_MS = 1e-3  # no device emits pulses between 100 ns and 100 µs


@dataclass(frozen=True)
class Shown:
    """One option of a concern."""

    data: Mapping[str, Any]

    @property
    def modality(self) -> str:
        return str(self.data["modality"])

    @property
    def rank(self) -> int:
        return int(self.data["rank"])

    @property
    def settings(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.data["settings"]
        return found

    @property
    def device(self) -> str:
        return str(self.data["device"])

    @property
    def wavelength_nm(self) -> float:
        return float(self.data["wavelength_nm"])

    @property
    def is_lamp(self) -> bool:
        return self.device == "ipl"

    @property
    def pulse_ms(self) -> float:
        return float(self.settings["pulse_ms"])

    @property
    def is_short(self) -> bool:
        """Whether the pulse is one of nanoseconds or picoseconds."""
        return self.pulse_ms < NANOSECONDS_BELOW_MS

    @property
    def spot_mm(self) -> float:
        return float(self.settings["spot_mm"])

    @property
    def fluence_J_cm2(self) -> float:
        return float(self.settings["fluence_J_cm2"])

    @property
    def passes(self) -> int:
        return int(self.settings.get("passes", 1))

    @property
    def energy_mJ(self) -> float:
        return float(self.settings["microbeam"]["energy_mJ"])

    @property
    def density_per_cm2(self) -> float:
        """Columns of all passes together."""
        return float(self.settings["microbeam"]["density_per_cm2"]) * self.passes

    @property
    def energy_per_area_J_cm2(self) -> float:
        """What all columns, or all passes, together give to a square centimetre of skin."""
        if "microbeam" in self.settings:
            return self.energy_mJ * 1e-3 * self.density_per_cm2
        return self.fluence_J_cm2 * self.passes

    @property
    def rules(self) -> set[str]:
        return {str(reason["rule"]) for reason in self.data["reasons"]}

    def median(self, *path: str) -> float | None:
        """The middle of an estimate; None where it is unknown."""
        found: Any = self.data
        for name in path:
            found = found[name]
        return float(found["median"]) if "median" in found else None

    def limited(self, quantity: str) -> float | None:
        """The middle of what a limit was held against, such as coverage; None where no limit is on it."""
        found = [one["value"] for one in self.data["limits"] if one["quantity"] == quantity]
        return float(found[0]["median"]) if found and "median" in found[0] else None

    def harm(self, name: str) -> float | None:
        """The share of people who met a harm in trials; None where nobody counted."""
        found = [one["p"] for one in self.data["harms"] if one["name"] == name]
        return float(found[0]["median"]) if found and "median" in found[0] else None

    def __str__(self) -> str:
        if "device" not in self.data:
            return self.modality
        parts = [self.device, f"{self.wavelength_nm:g} nm", f"{self.pulse_ms:g} ms"]
        if "microbeam" in self.settings:
            parts += [f"{self.energy_mJ:g} mJ", f"{self.density_per_cm2:g}/cm²"]
        else:
            parts += [f"{self.fluence_J_cm2:g} J/cm²", f"{self.spot_mm:g} mm", f"{self.passes} passes"]
        return ", ".join(parts)


class Reading:
    """The plan of a case with one concern."""

    def __init__(self, name: str, document: Mapping[str, Any]) -> None:
        self.name = name
        self.document = document
        (self.part,) = document["concerns"]
        self.options = [Shown(option) for option in self.part["options"]]
        self.lasers = [option for option in self.options if "device" in option.data]
        self.decision = str(document["suitability"]["decision"])

    def of(self, *modalities: str) -> list[Shown]:
        """The options of these modalities, in rank order."""
        return [option for option in self.options if option.modality in modalities]

    @property
    def first(self) -> list[Shown]:
        """The options that nothing stands above."""
        return [option for option in self.options if option.rank == self.options[0].rank]

    def below(self, upper: Iterable[Shown], lower: Iterable[Shown]) -> Iterator[str]:
        """A complaint for each option of `lower` that no option of `upper` stands above."""
        best = min((option.rank for option in upper), default=None)
        for option in lower:
            if best is None or option.rank <= best:
                yield f"{self.name}: {option} ranks {option.rank}, what should stand above it {best or 'is not there'}"

    def reasons(self) -> set[str]:
        """The rules that speak of the whole case, of an option or of a refusal."""
        case = {str(reason["rule"]) for reason in self.document["suitability"]["reasons"]}
        refused = {str(rule) for one in self.part["refused"] for rule in rules_of(one)}
        return case.union(refused, *(option.rules for option in self.lasers))

    @property
    def sentences(self) -> list[str]:
        return list(sentences(self.document))


def rules_of(value: Any) -> Iterator[str]:
    """The ids of rules anywhere in a value: as a rule's own field, or as the message that it is."""
    if isinstance(value, Mapping):
        if "rule" in value:
            yield str(value["rule"])
        if str(value.get("id", "")).startswith("rules."):
            yield str(value["id"]).removeprefix("rules.")
        for item in value.values():
            yield from rules_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from rules_of(item)


def sentences(value: Any) -> Iterator[str]:
    """Every sentence of a document that a person reads."""
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            yield from sentences(item)
    elif isinstance(value, list):
        for item in value:
            yield from sentences(item)
