"""Conditions, sites and modalities: names, targets, what suits them, and the sentences that tell it."""

import condition_table as module
import pytest
from condition_table import condition, modality, site
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.laser.device import devices
from skinbeam.model.conditions import check_treated_site, list_names
from skinbeam.model.errors import InputError
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import (
    NameKind,
    condition_subtypes,
    resolve_name,
    subtype_description,
    vocabulary_table,
)
from skinbeam.text import catalogue

CONDITIONS = [
    "wrinkles",
    "dynamic-wrinkles",
    "fine-lines-periorbital",
    "perioral-lines",
    "skin-texture",
    "laxity",
    "uneven-pigmentation",
    "age-spots",
    "freckles",
    "melasma",
    "post-inflammatory-hyperpigmentation",
    "facial-telangiectasia",
    "spider-angioma",
    "redness",
    "poikiloderma",
    "acne-scars",
    "surgical-scars",
    "hypertrophic-scars",
    "keloid",
    "active-acne",
    "dull-complexion",
]
SITES = [
    "full-face",
    "forehead",
    "glabella",
    "periorbital",
    "eyelid",
    "nose",
    "cheeks",
    "perioral",
    "chin",
    "jaw",
    "neck",
    "decolletage",
    "hands",
    "arms",
    "back",
    "abdomen",
]
LASERS = [name for name, entry in vocabulary_table("modality").items() if entry["laser"]]
KINDS: tuple[NameKind, ...] = ("condition", "site", "modality")
SPELLINGS = [
    (kind, name, word)
    for kind in KINDS
    for name, entry in vocabulary_table(kind).items()
    for word in (name, entry["title"], *entry["aliases"])
]
EVERY = pytest.mark.parametrize("name", CONDITIONS)


@pytest.mark.parametrize(("site", "own"), [("forearm", "It is treated as arms."), ("buttock", None)])
def test_a_site_of_skin_alone_says_under_which_name_it_is_treated(site: str, own: str | None) -> None:
    """Melasma of the forearm was refused with a list of names, among them "arms"."""
    with pytest.raises(InputError) as caught:
        check_treated_site(site, field="site")
    assert caught.value.code == "not-treated"
    assert caught.value.hint.startswith(own or "Known: full-face")
    check_treated_site("arms", field="site")


@pytest.mark.parametrize(
    ("word", "condition"),
    [("spider veins", "facial-telangiectasia"), ("burn scar", "surgical-scars"), ("leg veins", None)],
)
def test_what_patients_call_veins_and_scars(word: str, condition: str | None) -> None:
    """Of spider veins "spider nevus" was asked, and of a burn scar "acne scar"."""
    if condition is None:
        with pytest.raises(InputError, match="veins of the legs"):
            resolve_name("condition", word, field="condition")
    else:
        assert resolve_name("condition", word, field="condition") == condition


def test_the_names_of_the_interface_are_there() -> None:
    assert list(vocabulary_table("condition")) == CONDITIONS, "names are part of the interface: list a new one here"
    assert [name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"] == SITES
    assert [name for name, entry in vocabulary_table("site").items() if entry["use"] == "skin"] == [
        "forearm",
        "buttock",
    ]
    assert LASERS == [
        "ablative",
        "fractional-ablative",
        "non-ablative-fractional",
        "vascular",
        "pigment-short-pulse",
        "pigment-long-pulse",
    ]


@given(st.sampled_from(SPELLINGS), st.sampled_from([str.upper, str.title, lambda w: f"  {w.replace(' ', '-')} "]))
def test_every_spelling_leads_to_its_name(spelling: tuple[NameKind, str, str], write: object) -> None:
    kind, name, word = spelling
    assert callable(write)
    assert resolve_name(kind, write(word), field="x") == name


def test_no_word_means_two_things() -> None:
    for kind in KINDS:
        words = [w.lower() for _, entry in vocabulary_table(kind).items() for w in entry["aliases"]]
        assert len(words) == len(set(words))


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        resolve_name("condition", "melasmaa", field="concern[0].condition")
    assert 'Did you mean "melasma"' in caught.value.hint


@EVERY
def test_a_condition_tells_what_it_is_and_what_a_laser_can_do(name: str) -> None:
    it = condition(name)
    for message in (it.definition, it.laser_can, it.laser_cannot):
        assert message.text.endswith(".")
    assert it.targets
    assert set(it.fits) == set(LASERS), "conditions.toml says of each kind of laser whether it is usual for a condition"
    assert it.alternatives
    assert all(not vocabulary_table("modality")[other]["laser"] for other in it.alternatives)


@EVERY
def test_the_sources_of_a_condition_resolve(name: str) -> None:
    it = condition(name)
    numbers = [n for t in it.targets for n in (t.depth_um, t.size_um, t.melanin_ratio) if n is not None]
    keys = [*it.source, *it.alternatives.values(), *(f.source for f in it.fits.values() if f.source)]
    keys += [it.subtypes_source] if it.subtypes_source is not None else []
    for key in (*keys, *(number.source for number in numbers)):
        assert key in bibliography(), key
    assert all(number.conditions for number in numbers)


@EVERY
def test_what_does_not_suit_says_why(name: str) -> None:
    for fit in condition(name).fits.values():
        assert (fit.why is None) == (fit.use != "not")
        if fit.why is not None:
            assert fit.why.text
        else:
            assert fit.source


@EVERY
def test_some_device_carries_out_what_suits(name: str) -> None:
    offered = {mode for device in devices().values() for mode in device.modalities}
    assert {mode for mode, fit in condition(name).fits.items() if fit.use != "not"} <= offered


def test_no_laser_is_usual_where_laser_is_wrong() -> None:
    for name in ("dynamic-wrinkles", "active-acne"):
        assert all(fit.use == "not" for fit in condition(name).fits.values())
    assert condition("melasma").fits["fractional-ablative"].use == "not"
    assert all(fit.use != "usual" for fit in condition("melasma").fits.values())


def test_vascular_light_goes_with_blood_and_pigment_light_with_melanin() -> None:
    arrays_alone = {
        "skin-texture",
        "acne-scars",
        "surgical-scars",
        "hypertrophic-scars",
    }  # gaps below lenses smooth them
    for light, chromophore in (("vascular", "blood"), ("pigment-short-pulse", "melanin")):
        suited = [name for name in CONDITIONS if condition(name).fits[light].use != "not"]
        assert suited
        for name in set(suited) - arrays_alone:
            assert chromophore in {target.chromophore for target in condition(name).targets}, name


def test_pigmented_conditions_are_those_with_a_target_of_melanin() -> None:
    for name in CONDITIONS:
        it = condition(name)
        assert it.pigmented == any(target.chromophore == "melanin" for target in it.targets), name


@pytest.mark.parametrize("name", SITES)
def test_a_site_is_described(name: str) -> None:
    it = site(name)
    assert it.definition.text
    assert it.note.text
    assert it.area_cm2.low < it.area_cm2.value < it.area_cm2.high
    assert it.area_cm2.source in bibliography()


def test_what_lies_inside_the_rim_lies_around_the_eyes_and_on_the_face() -> None:
    for name in SITES:
        it = site(name)
        assert not it.inside_orbital_rim or (it.around_eyes and not it.off_face)
    assert {name for name in SITES if site(name).inside_orbital_rim} == {"periorbital", "eyelid"}
    assert {name for name in SITES if site(name).off_face} == {
        "neck",
        "decolletage",
        "hands",
        "arms",
        "back",
        "abdomen",
    }


def test_parts_of_the_face_are_smaller_than_the_face() -> None:
    whole = site("full-face").area_cm2.value
    parts = [n for n in SITES if not site(n).off_face and n not in ("full-face", "eyelid")]
    assert all(site(name).area_cm2.value < whole for name in parts)
    # Regions leave out temples and the like, so that together they cover most of the face and never more.
    assert 0.7 * whole < sum(site(name).area_cm2.value for name in parts) <= whole


def test_sites_of_skin_alone_are_no_sites_of_treatment() -> None:
    with pytest.raises(KeyError):
        site("forearm")


@pytest.mark.parametrize("name", vocabulary_table("modality"))
def test_a_modality_is_described(name: str) -> None:
    it = modality(name)
    assert it.definition.text
    assert it.laser == (it.endpoint is not None) == (it.where is not None)
    assert all(place in vocabulary_table("site") for place in it.not_at)
    assert not it.not_at or it.source in bibliography()


def test_a_former_name_of_a_modality_is_known() -> None:
    """Files of other programs may have it: the description of the interface lists it."""
    assert resolve_name("modality", "topical-anti-inflammatory", field="modality") == "rosacea-medication"


def test_full_field_ablation_stays_on_the_face() -> None:
    assert set(modality("ablative").not_at) == {name for name in SITES if site(name).off_face}


def test_no_sentence_is_left_over() -> None:
    """Every message of these sections belongs to a name, or is a reason that some condition gives."""
    whys = {f.why.id for name in CONDITIONS for f in condition(name).fits.values() if f.why is not None}
    sections = {
        "condition-definition": set(CONDITIONS),
        "condition-can": set(CONDITIONS),
        "condition-cannot": set(CONDITIONS),
        "subtype-title": {word for name in CONDITIONS for word in condition_subtypes(name)},
        "subtype-definition": {word for name in CONDITIONS for word in condition_subtypes(name)},
        "condition-why": {id.split(".")[1] for id in whys},
        "site-definition": set(vocabulary_table("site")),
        "site-note": set(SITES),
        "modality-definition": set(vocabulary_table("modality")),
        "laser-note": set(devices()),
    }
    for section, names in sections.items():
        told = {id.partition(".")[2] for id in catalogue() if id.partition(".")[0] == section}
        missing, left_over = sorted(names - told), sorted(told - names)
        assert not missing, f"[{section}] in data/messages/en has no {', '.join(missing)}"
        assert not left_over, f"[{section}] in data/messages/en is of no name: {', '.join(left_over)}"


RELEASED_KINDS = {
    "melasma": ("epidermal", "dermal", "mixed"),
    "facial-telangiectasia": ("fine-red", "blue", "over-1-mm"),
    "acne-scars": ("ice-pick", "boxcar", "rolling", "red"),
    "surgical-scars": ("red", "white"),
    "hypertrophic-scars": ("red", "white"),
    "keloid": ("red", "white"),
}


def test_released_kinds_stay_and_a_keloid_is_none_of_a_raised_scar() -> None:
    for name, kinds in RELEASED_KINDS.items():
        assert [kind for kind in condition_subtypes(name) if kind in kinds] == list(kinds)
    assert "keloid" not in condition_subtypes("hypertrophic-scars")
    assert condition_subtypes("no such condition") == ()


@EVERY
def test_a_kind_says_how_a_clinician_tells_it(name: str) -> None:
    it = condition(name)
    assert it.subtypes == condition_subtypes(name)
    assert it.subtypes or it.subtypes_source is None
    for word in it.subtypes:
        title, sentence = subtype_description(word).split(". ", 1)
        assert title[0].isupper()
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_conditions_document() -> None:
    document = list_names().to_dict()
    assert document["schema"] == "skinbeam.conditions/1"
    for key, kind in (("conditions", "condition"), ("sites", "site"), ("modalities", "modality")):
        assert [entry["name"] for entry in document[key]] == list(vocabulary_table(kind))  # type: ignore[arg-type]  # literals above
        assert all({"name", "aliases", "title"} <= set(entry) for entry in document[key])
        assert all(("subtypes" in entry) == (key == "conditions") for entry in document[key])
    kinds = {entry["name"]: entry["subtypes"] for entry in document["conditions"]}
    assert kinds["freckles"] == []
    assert kinds["keloid"] == [{"name": "red", "title": "Red"}, {"name": "white", "title": "White"}]
    assert {name: tuple(one["name"] for one in listed) for name, listed in kinds.items()} == {
        name: condition_subtypes(name) for name in CONDITIONS
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pigmented": None}, "pigmented missing"),
        ({"colour": "brown"}, "unknown key colour"),
        ({"target": [{"chromophore": "ink", "layer": "fat"}]}, '"ink" is not one of'),
        ({"target": [{"chromophore": "blood", "layer": "dermis"}]}, '"dermis" is not one of'),
        ({"target": [{"chromophore": "blood"}]}, "layer missing"),
        ({"modality": {"sunscreen": {}}}, '"sunscreen" is not one of'),
        ({"modality": {"vascular": {"use": "often", "source": "clark2004"}}}, '"often" is not one of'),
        ({"modality": {"vascular": {"use": "not", "source": "clark2004"}}}, "if and only if"),
        ({"alternative": {"vascular": {"source": "clark2004"}}}, '"vascular" is not one of'),
    ],
)
def test_a_broken_table_is_refused(change: dict[str, object], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {
        key: value
        for key, value in (dict(vocabulary_table("condition")["freckles"]) | change).items()
        if value is not None
    }

    def changed(kind: NameKind) -> dict[str, object]:
        return {"freckles": entry} if kind == "condition" else dict(vocabulary_table(kind))

    monkeypatch.setattr(module, "vocabulary_table", changed)
    with pytest.raises(ValueError, match="condition") as caught:
        condition.__wrapped__("freckles")
    assert words in str(caught.value)
