"""What is assumed where a source does not print it: usual settings, timing of the cooling, sites, phototypes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from skinbeam.model.exposure import Cooling
from skinbeam.model.package_data import load_package_table

__all__ = ["PracticeAssumptions", "TrainPulse", "UsualSettings", "practice_assumptions"]


@dataclass(frozen=True)
class UsualSettings:
    """What clinics usually set with a family of lasers, or with lamps; each value is as likely as the others."""

    pulse_ms: tuple[float, ...]
    spot_mm: tuple[float, ...]
    cooling: tuple[str, ...]


@dataclass(frozen=True)
class TrainPulse:
    """Sub-pulses that a source describes in words: number, and length and pause in ms."""

    pulses: int
    length_ms: float
    pause_ms: float


@dataclass(frozen=True)
class PracticeAssumptions:
    """The content of `data/practice.toml` that poses a published dose to the model.

    Parameters
    ----------
    families : lowest wavelength in nm and usual settings of each family of lasers, rising.
    lamp : usual settings of lamps. longest_lamp_nm : end of a band whose upper end is not printed.
    trains : possible trains of a row, by its name.
    cooling : a cooling whose timing is not printed, by its kind.
    phototypes : of a people, by its name.
    site_words : words of a site and the site of the skin model, in order. site_of_condition : without such a word.
    open_range_factor : highest over lowest dose of a range with one printed end.
    given_otherwise : rows that were treated in a way that the model does not describe.
    """

    families: tuple[tuple[float, UsualSettings], ...]
    lamp: UsualSettings
    longest_lamp_nm: float
    trains: Mapping[str, tuple[TrainPulse, ...]]
    cooling: Mapping[str, Cooling]
    phototypes: Mapping[str, str]
    site_words: tuple[tuple[str, str], ...]
    site_of_condition: Mapping[str, str]
    other_site: str
    open_range_factor: float
    given_otherwise: frozenset[str]

    def usual_settings(self, wavelength_nm: float) -> UsualSettings:
        """Return the usual settings of the family of lasers of a wavelength."""
        return [usual for from_nm, usual in self.families if from_nm <= wavelength_nm][-1]


@cache
def practice_assumptions() -> PracticeAssumptions:
    """Return the assumptions of `data/practice.toml`."""
    table = load_package_table("data/practice.toml")

    def usual(pulse_ms: list[float], spot_mm: list[float], cooling: list[str]) -> UsualSettings:
        return UsualSettings(tuple(pulse_ms), tuple(spot_mm), tuple(cooling))

    names = ("pulse_ms", "spot_mm", "cooling")
    sites = table["sites"]
    return PracticeAssumptions(
        families=tuple((entry["from_nm"], usual(*(entry[name] for name in names))) for entry in table["unprinted"]),
        lamp=usual(*(table["lamp"][name] for name in names)),
        longest_lamp_nm=table["lamp"]["longest_nm"],
        trains={row: tuple(TrainPulse(*pulse) for pulse in pulses) for row, pulses in table["trains"].items()},
        cooling={
            "spray": Cooling(kind="spray", cryogen="R134a", **table["timing"]["spray"]),
            **{kind: Cooling(kind=kind, during=True, **table["timing"][kind]) for kind in ("contact", "air")},
        },
        phototypes=dict(table["peoples"]),
        site_words=tuple((word, site) for word, site in sites["words"]),
        site_of_condition={name: site for name, site in sites.items() if name != "words"},
        other_site=sites["other"],
        open_range_factor=float(table["open_range"]["factor"]["value"]),
        given_otherwise=frozenset(table["unlike"]),
    )
