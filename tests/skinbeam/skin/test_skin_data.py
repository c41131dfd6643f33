import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pytest

from skinbeam.model.exposure import PRESETS
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import SourcedValue, bibliography
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.skin.tables import read_spectrum, tissue_table

DATA = resources.files("skinbeam") / "data"
TABLES = ("layers", "optics", "thermal", "melanin", "vessels", "presets")
SPECTRA = ("water", "blood", "methaemoglobin", "fat", "cie")


def entries(value: Any) -> Iterator[dict[str, Any]]:
    """Every table below `value`, itself included."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from entries(item)
    elif isinstance(value, list):
        for item in value:
            yield from entries(item)


def test_every_number_has_a_source_that_resolves_and_says_what_it_is() -> None:
    every = [entry for name in TABLES for entry in entries(tissue_table(name))]
    cited, numbers = ([entry for entry in every if key in entry] for key in ("source", "value"))
    assert cited
    assert numbers
    assert [entry for entry in cited if entry["source"] not in bibliography()] == []
    assert [entry for entry in numbers if not entry.get("conditions", "").strip() and "source" not in entry] == []
    for entry in numbers:
        SourcedValue.from_table(entry)


@pytest.mark.parametrize("name", SPECTRA)
def test_spectra_rise_and_name_their_sources(name: str) -> None:
    found = read_spectrum(name)
    assert set(found.sources) <= set(bibliography())
    assert (np.diff(found.wavelength_nm) > 0).all()
    assert found.range_nm == (found.wavelength_nm[0], found.wavelength_nm[-1])
    assert all(np.isfinite(column).all() and (column >= 0).all() for column in found.columns.values())


def test_no_source_of_tissue_is_idle() -> None:
    files = [*(DATA / "tissue").iterdir(), *(DATA / "spectra").iterdir()]
    files += [*(resources.files("skinbeam") / "skin").iterdir()]
    text = "\n".join(f.read_text(encoding="utf-8") for f in files if f.name.endswith((".toml", ".csv", ".py")))
    bib = (DATA / "sources" / "tissue.bib").read_text(encoding="utf-8")
    keys = [line.split("{")[1].rstrip(",\n") for line in bib.splitlines() if line.startswith("@")]
    assert not [key for key in keys if key not in text]


def test_every_site_and_preset_has_an_entry() -> None:
    layers = tissue_table("layers")
    assert set(layers["sites"]) == set(vocabulary_table("site"))
    assert set(tissue_table("presets")) == set(PRESETS)
    for site in layers["sites"].values():
        assert {site[part] for part in ("stratum_corneum", "living_epidermis", "dermis")} <= set(layers["thickness"])


def test_phototypes_are_a_distribution_in_order() -> None:
    entry = tissue_table("melanin")
    assert sum(entry["population"]["shares"]) == pytest.approx(1.0)
    assert entry["phototype"]["ita_deg"] == sorted(entry["phototype"]["ita_deg"], reverse=True)
    assert entry["by_ita"]["ita_deg"] == sorted(entry["by_ita"]["ita_deg"])


def test_light_given_back_lightens_each_class_and_most_the_lightest() -> None:
    """The loss at a port darkens a reading, and light skin loses more of what it returns."""
    entry = load_derived_table("melanin_by_colour")
    ratio = np.array(entry["fractions"])[:, :3] / np.array(
        tissue_table("melanin")["by_ita"]["uncorrected"]["fractions"]
    )
    # Melanin that lies deep hides from light, so that the darkest skin needs some of what it loses to the port again.
    assert (ratio > 0.5).all()
    assert (ratio.mean(axis=1) < 1.0).all()
    # Four digits of 0.03 are good to 0.0017 of it: two ratios, of two such numbers each, to 0.006.
    assert (np.diff(ratio, axis=0) < 0.006).all()
    assert (ratio[-1] < ratio[0] - 0.1).all()
    # The ends of the loss lie on both sides of the middle one.
    joint, low, high = np.array(entry["fractions"])[:, [0, 3, 4]].T
    assert (high < joint).all()
    assert (joint < low).all()


def test_every_site_holds_more_melanin_the_darker_it_is() -> None:
    entry = load_derived_table("melanin_by_site")
    assert set(entry["column_um"]) == set(vocabulary_table("site"))
    by_ita = tissue_table("melanin")["by_ita"]["ita_deg"]
    assert (entry["ita_deg"][0], entry["ita_deg"][-1]) == (by_ita[0], by_ita[-1])
    for columns in entry["column_um"].values():
        assert (np.diff(columns) < 0).all()
        # Light to dark adults hold 0.013 to 0.43 of an epidermis of 60 µm (Jacques 1998, told by others).
        assert 0.013 * 60.0 < min(columns) < max(columns) < 0.43 * 60.0


def test_validation_figures_stay_out_of_the_package() -> None:
    # The forearm reflectances live in tests/data; their identifier must not occur in what sets parameters.
    for folder in ("tissue", "spectra", "sources"):
        for file in (DATA / folder).iterdir():
            assert "M38597" not in file.read_text(encoding="utf-8")


def test_the_tables_are_toml() -> None:
    for name in TABLES:
        tomllib.loads((DATA / "tissue" / f"{name}.toml").read_text(encoding="utf-8"))
