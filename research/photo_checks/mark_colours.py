"""Measured colours of brown and red skin, taken from pairs of sites of the same person.

python -m research.photo_checks.mark_colours ISSA.csv [-o mark_colours.json]

The International Skin Spectra Archive (issa2025) holds reflectance spectra of up to twelve sites of 2,106 people of
all tones. The table is its sheet ISSA with the columns record, origin, subject, ethnicity, location, L, a, b and 400 to
700. Melanin and blood are told apart in the spectra by narrow bands, as reflectance meters do and with none of the
optics of the package: melanin by the slope from 650 to 700 nm, where blood hardly absorbs, blood by the bend of its
absorption at 544 nm. Two sites of a person that differ in melanin give the colour of a brown mark, two that differ in
blood that of a red one.

Half of the people set the directions in `data/photo.toml`, which are printed; the colours of the other half are written
to the file, and marks are drawn in them to judge the reader.
"""

import argparse
import csv
import json
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from research.photo_checks.skin_pictures import NM, camera_light
from skinbeam.model.document import write_atomically
from skinbeam.photo.colour import linear_to_lab

__all__ = [
    "KINDS",
    "SHIPPED",
    "TONES",
    "MeasuredMark",
    "SiteSpectrum",
    "load_mark_colours",
    "main",
    "mark_colours",
    "read_spectra",
]

Array = NDArray[np.float64]

SHIPPED = Path(__file__).with_name("mark_colours.json")
KINDS = ("brown", "red")
# Lowest typology angle of each class (chardon1991).
TONES = {"very light": 55.0, "light": 41.0, "intermediate": 28.0, "tan": 10.0, "brown": -30.0, "dark": -90.0}
# The archive includes the light that the surface mirrors (Fresnel at 1.4); a picture shows a quarter of it.
_MIRRORED, _SHOWN = 0.028, 0.25
_FACE = (2, 4, 6, 8)  # cheek, chin, forehead, neck
_ELSEWHERE = (2, 3, 4, 5, 6, 7, 8, 9, 10)  # also cheek bone, ear lobe, inner arm, nose tip, outer arm
_LEAST = {"brown": 0.15, "red": 0.08}  # green density that a pair differs by, through its own pigment
_OTHER_MOST = {"brown": 0.3, "red": 0.2}  # share of it that the other pigment may add
_WHOLE = (0.6, 1.6)  # whole green density over that of the pigment; other values are relief or pressure of the probe
# Whole green density of the pairs that are kept: in fainter ones the noise of the probe turns the colour.
_CLEAR = {"brown": 0.25, "red": 0.15}
_OUTLIER = 1.5  # from the median of a ratio: the instrument was moved
_EACH = 60  # colours of a kind and tone that are kept


@dataclass(frozen=True)
class SiteSpectrum:
    """Mean reflectance (31,) at 400 to 700 nm of a site of a person, and the typology angle there."""

    person: str
    location: int
    ita_deg: float
    reflectance: Array

    @property
    def tone(self) -> str:
        """Return the class of the typology angle."""
        return next(name for name, least in TONES.items() if self.ita_deg > least)

    @property
    def density(self) -> Array:
        """Return the optical density of the light from within the skin."""
        return np.asarray(-np.log(np.clip(self.reflectance - _MIRRORED, 0.002, None)))

    @property
    def melanin_index(self) -> float:
        """Return the fall of density from 650 to 700 nm."""
        return float(-np.diff(np.interp((650.0, 700.0), NM, self.density))[0])

    @property
    def blood_index(self) -> float:
        """Return the bend of the density at 544 nm, per nm."""
        before, at, after = np.interp((527.5, 544.0, 573.0), NM, self.density)
        return float((at - before) / 16.5 - (after - at) / 29.0)


@dataclass(frozen=True)
class MeasuredMark:
    """Linear sRGB (3,) of skin in daylight, and the natural density (3,) that a mark of a measured colour adds."""

    tone: str
    kind: str
    skin: tuple[float, float, float]
    density: tuple[float, float, float]

    def darker(self, green: float) -> Array:
        """Return the density (3,) of such a mark that adds this density in green."""
        return np.asarray(self.density) * green / self.density[1]


def read_spectra(file: Path) -> list[SiteSpectrum]:
    """Return the mean spectrum of each site of each person."""
    spectra: dict[tuple[str, int], list[tuple[Array, float, float]]] = defaultdict(list)
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            values = np.array([float(row[f"{nm:.0f}"] or "nan") for nm in NM]) / 100
            if np.isfinite(values).all() and values.min() > 0.01:
                person = "-".join((row["origin"], row["ethnicity"], row["subject"]))
                spectra[person, int(row["location"])].append((values, float(row["L"]), float(row["b"])))
    return [
        SiteSpectrum(
            person,
            location,
            float(
                np.degrees(
                    np.arctan2(np.mean([colour[1] for colour in many]) - 50, np.mean([colour[2] for colour in many]))
                )
            ),
            np.mean([colour[0] for colour in many], axis=0),
        )
        for (person, location), many in spectra.items()
    ]


def _picture(density: Array) -> Array:
    """Return linear sRGB of skin of this density."""
    return np.clip(camera_light(np.exp(-density) + _SHOWN * _MIRRORED), 1e-4, None)


def mark_colours(sites: Sequence[SiteSpectrum]) -> list[MeasuredMark]:
    """Return the colours of brown marks on every tone, from its own people, and of red marks.

    Pairs that differ in blood are rare on dark skin, whose natural redness is slight. So the change of the spectrum
    that blood makes, measured on all tones but dark, is laid over the measured spectra of each tone; what the skin
    absorbs above it stays. A density at 700 nm, where blood hardly absorbs, is relief and is taken off red pairs.
    """
    persons: dict[str, list[SiteSpectrum]] = defaultdict(list)
    for site in sites:
        persons[site.person].append(site)
    pairs = [
        (skin, mark)
        for own in persons.values()
        for skin, mark in product(own, own)
        if skin is not mark and skin.location in _FACE and mark.location in _ELSEWHERE
    ]
    tones = np.array([skin.tone for skin, _ in pairs])
    steps = np.array([(b.melanin_index - a.melanin_index, b.blood_index - a.blood_index, 1.0) for a, b in pairs])
    density = np.array([-np.log(_picture(b.density) / _picture(a.density)) for a, b in pairs])
    usual = np.isin(tones, ("very light", "light", "intermediate", "tan"))
    by_blood = np.linalg.lstsq(steps[usual], density[usual, 1], rcond=None)[0][1] * steps[:, 1]
    by_melanin = np.empty(len(pairs))
    for tone in TONES:
        by_melanin[tones == tone] = (
            np.linalg.lstsq(steps[tones == tone], density[tones == tone, 1], rcond=None)[0][0] * steps[tones == tone, 0]
        )
    found = []
    for kind, own, other in (("brown", by_melanin, by_blood), ("red", by_blood, by_melanin)):
        good = (own > _LEAST[kind]) & (np.abs(other) < _OTHER_MOST[kind] * own)
        if kind == "brown":
            good &= (density[:, 1] > _WHOLE[0] * own) & (density[:, 1] < _WHOLE[1] * own)
            found += [_colour("brown", pairs[i][0], pairs[i][1].density) for i in np.flatnonzero(good)]
            continue
        reds = [pairs[i][1].density - pairs[i][0].density for i in np.flatnonzero(good & (tones != "dark"))]
        for tone in TONES:
            skins = [site for site in sites if site.tone == tone and site.location in _FACE]
            chosen = np.linspace(0, len(skins) - 1, len(reds)).astype(int)
            found += [
                _colour("red", skins[k], skins[k].density + red - red[-1]) for k, red in zip(chosen, reds, strict=True)
            ]
    return [colour for colour in found if colour.density[1] >= _CLEAR[colour.kind]]


def _colour(kind: str, skin: SiteSpectrum, density: Array) -> MeasuredMark:
    plain = _picture(skin.density)
    red, green, blue = (float(value) for value in plain)
    more = [float(value) for value in -np.log(_picture(density) / plain)]
    return MeasuredMark(skin.tone, kind, (red, green, blue), (more[0], more[1], more[2]))


def load_mark_colours(file: Path = SHIPPED) -> tuple[MeasuredMark, ...]:
    """Return the colours of the people who set no direction."""
    rows = json.loads(file.read_text())
    return tuple(MeasuredMark(row["tone"], row["kind"], tuple(row["skin"]), tuple(row["density"])) for row in rows)


def _directions(colours: Sequence[MeasuredMark], kind: str) -> tuple[int, Array, Array]:
    """Return the number of colours, and the polynomial (3, 2) and covariance (2, 2) of red and blue over green density.

    The polynomial is in the typology angle over 50 degrees.
    """
    own = [colour for colour in colours if colour.kind == kind]
    ratios = np.array([np.array(colour.density)[[0, 2]] / colour.density[1] for colour in own])
    lab = np.array([linear_to_lab(np.array(colour.skin)) for colour in own])
    tone = np.degrees(np.arctan2(lab[:, 0] - 50, lab[:, 2])) / 50
    kept = (np.abs(ratios - np.median(ratios, axis=0)) < _OUTLIER).all(axis=1)
    powers = tone[kept, None] ** np.arange(3)
    factors = np.linalg.lstsq(powers, ratios[kept], rcond=None)[0]
    return int(kept.sum()), factors, np.cov((ratios[kept] - powers @ factors).T)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the directions of one half of the people, and write colours of the other half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spectra", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED)
    given = parser.parse_args(arguments)
    sites = read_spectra(given.spectra)
    halves = [[site for site in sites if zlib.crc32(site.person.encode()) % 2 == half] for half in (0, 1)]
    fitting, judging = (mark_colours(half) for half in halves)
    for kind, (name, colours) in product(KINDS, (("set", fitting), ("judge", judging))):
        number, factors, covariance = _directions(colours, kind)
        entries = covariance[[0, 0, 1], [0, 1, 1]]
        print(f"{kind:6s} {name:6s} {number:4d}", np.round(factors, 3).tolist(), np.round(entries, 4).tolist())
    written = []
    for kind, tone in product(KINDS, TONES):
        own = [colour for colour in judging if (colour.tone, colour.kind) == (tone, kind)]
        written += [own[i] for i in np.unique(np.linspace(0, len(own) - 1, _EACH).astype(int))]
    rows = [{k: [round(x, 4) for x in v] if isinstance(v, tuple) else v for k, v in asdict(c).items()} for c in written]
    write_atomically(given.output, ("[" + ",\n".join(json.dumps(row) for row in rows) + "]\n").encode())


if __name__ == "__main__":
    main()
