"""The document of a photograph: what it says, what it refuses to say, and that it is the same each time."""

import json
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from paths import ROOT
from PIL import Image
from portrait import portrait_analysis

from skinbeam.api.analyse_photo import report_photo
from skinbeam.model.document import canonical_json
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.sources import collect_sources, find_source
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.face.finder import find_single_face
from skinbeam.photo.face.regions import face_view
from skinbeam.photo.findings.finding import FINDING_KINDS

FILE = ROOT / "examples" / "first-consultation" / "face.jpg"
PORTRAIT = read_photograph(FILE).rgb
LUMINOUS = ("dark-spots", "unclassified-spots", "fine-lines")  # kinds that are told without colours
KEYS = {"faces", "quality", "regions", "maps", "findings", "scale_mm_per_px"}
FINDING_KEYS = {"kind", "region", "count", "area_mm2", "severity", "confidence", "suggests"}
MELANIN, HAEMOGLOBIN, GREY = np.array([0.653, 1, 1.753]), np.array([0.256, 1, 0.882]), np.ones(3)


def saved(folder: Path, rgb: np.ndarray) -> Path:
    file = folder / "photo.png"
    Image.fromarray(rgb).save(file, compress_level=1)
    return file


def to_light(rgb: np.ndarray) -> np.ndarray:
    level = rgb / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def to_bytes(light: np.ndarray) -> np.ndarray:
    level = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(255 * np.clip(level, 0, 1)).astype(np.uint8)


def painted(spots: list[tuple[float, float, float]], density: np.ndarray) -> np.ndarray:
    """The portrait with soft discs (x, y, radius in pixels) of optical density laid over it."""
    yy, xx = np.mgrid[: PORTRAIT.shape[0], : PORTRAIT.shape[1]]
    cover = np.zeros(PORTRAIT.shape[:2])
    for x, y, radius in spots:
        cover = np.maximum(cover, np.clip(radius + 0.5 - np.hypot(xx - x, yy - y), 0, 1))
    return to_bytes(to_light(PORTRAIT) * np.exp(-cover[..., None] * density))


def marks(found: dict, kind: str) -> dict:
    return {f["region"]: f for f in found["findings"] if f["kind"] == kind and "contrast" in f}


class Read(NamedTuple):
    """What was read of the portrait: the document, the sources of it, and the folder with its pictures."""

    document: dict
    sources: tuple[str, ...]
    pictures: Path


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """The portrait read once with its pictures, which takes two seconds."""
    folder = tmp_path_factory.mktemp("portrait") / "out"
    with collect_sources() as sources:
        document = report_photo(FILE, folder).to_dict()
    return Read(document, tuple(sources), folder)


@pytest.fixture
def portrait(read: Read) -> dict:
    return deepcopy(read.document)


def test_the_portrait_carries_regions_colour_and_larger_spots_only(portrait: dict) -> None:
    assert portrait["schema"] == "skinbeam.photo/1"
    assert set(portrait) >= KEYS
    assert portrait["faces"] == 1
    assert portrait["quality"]["ok"] is True
    assert [problem["code"] for problem in portrait["quality"]["problems"]] == ["too-small-for-detail"]
    assert portrait["face"]["pupil_distance_px"] == pytest.approx(44, abs=2)  # 43 by hand
    kinds = {finding["kind"]: finding for finding in portrait["findings"]}
    for kind in ("fine-lines", "pores", "vessels"):
        assert "at least 120" in kinds[kind]["count"]["unknown"]
    assert kinds["spots"]["count"] == 0
    assert set(kinds) == set(FINDING_KINDS)
    assert [warning["code"] for warning in portrait["warnings"]] == ["uncalibrated-photo"]


def test_the_shaded_side_of_a_face_is_no_brown_patch(portrait: dict) -> None:
    (patch,) = (finding for finding in portrait["findings"] if finding["kind"] == "diffuse-pigment")
    assert patch["area_mm2"]["median"] == 0.0


def test_every_finding_has_its_keys_and_names_a_condition(portrait: dict) -> None:
    for finding in portrait["findings"]:
        assert set(finding) >= FINDING_KEYS
        # A doctor says what a very dark spot is, and one of no certain colour; every other kind names a condition.
        unnamed = finding["kind"] in ("dark-spots", "unclassified-spots")
        assert (
            (set(finding["suggests"]) == {"unknown"})
            if unnamed
            else finding["suggests"] in vocabulary_table("condition")
        )
        assert finding["site"] in vocabulary_table("site")


def test_polygons_lie_in_the_picture_around_the_face(portrait: dict) -> None:
    for name, polygon in portrait["regions"].items():
        points = np.array(polygon)
        assert len(points) >= 4, name
        assert (points >= [170, 60]).all(), name
        assert (points <= [285, 200]).all(), name


def test_the_scale_is_that_of_adults_pupils(portrait: dict) -> None:
    scale, pupils = portrait["scale_mm_per_px"], portrait["face"]["pupil_distance_px"]
    assert [scale[key] * pupils for key in ("low", "median", "high")] == pytest.approx([50, 63, 75], rel=1e-5)
    assert scale["basis"] == ["dodgson2004"]


def test_pictures_are_written_without_metadata_and_named(read: Read) -> None:
    maps = read.document["maps"]
    assert maps == {
        "regions": "regions.png",
        "marks": "marks.png",
        "melanin": "melanin.png",
        "haemoglobin": "haemoglobin.png",
    }
    for file in maps.values():
        data = (read.pictures / file).read_bytes()
        chunks, place = [], 8
        while place < len(data):
            chunks.append(data[place + 4 : place + 8])
            place += 12 + int.from_bytes(data[place : place + 4], "big")
        assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
        with Image.open(read.pictures / file) as image:
            assert image.size[0] == 720


def test_the_same_photograph_gives_the_same_bytes_under_any_name(tmp_path: Path, read: Read) -> None:
    (tmp_path / "other.jpg").write_bytes(FILE.read_bytes())
    again = report_photo(tmp_path / "other.jpg", tmp_path / "out").to_dict()
    assert canonical_json(again) == canonical_json(read.document)
    for file in again["maps"].values():
        assert (tmp_path / "out" / file).read_bytes() == (read.pictures / file).read_bytes()


def test_a_document_is_the_same_without_pictures_beside_it(portrait: dict) -> None:
    assert canonical_json(report_photo(FILE).to_dict() | {"maps": 0}) == canonical_json(portrait | {"maps": 0})


def test_one_hundred_and_twenty_pixels_lift_the_gate_of_size(tmp_path: Path) -> None:
    for factor, small in ((2.6, True), (3.0, False)):  # 114 and 132 px between the pupils
        rgb = cv2.resize(PORTRAIT, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        found = report_photo(saved(tmp_path, rgb)).to_dict()
        codes = [problem["code"] for problem in found["quality"]["problems"]]
        assert ("too-small-for-detail" in codes) is small
        lines = next(f for f in found["findings"] if f["kind"] == "fine-lines")
        assert ("unknown" in lines["area_mm2"]) is small


REFUSED = {
    "blank": (lambda rgb: np.full_like(rgb, 180), "no-face", 0),
    "two": (lambda rgb: np.concatenate([rgb, rgb], axis=1), "several-faces", 2),
    "turned": (lambda rgb: np.ascontiguousarray(rgb[::-1, ::-1]), "picture-turned", 0),
    "small": (lambda rgb: cv2.resize(rgb, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), "too-small", 1),
    "blurred": (lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 4.0), "blurred", 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unusable_photograph_keeps_every_key(name: str, tmp_path: Path) -> None:
    change, code, faces = REFUSED[name]
    with pytest.raises(NotAvailable) as caught:
        report_photo(saved(tmp_path, change(PORTRAIT)), tmp_path / "out").to_dict()
    body = caught.value.body
    assert set(body) >= KEYS
    assert body["faces"] == faces
    assert body["quality"]["ok"] is False
    assert body["quality"]["problems"][0]["code"] == code
    for key in ("regions", "maps", "findings", "scale_mm_per_px"):
        assert body[key] == {"unknown": caught.value.reason}
    assert not (tmp_path / "out").exists()
    json.dumps(body, allow_nan=False)


def test_near_darkness_is_named_beside_the_missing_face(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable) as caught:
        report_photo(saved(tmp_path, (PORTRAIT * 0.01).astype(np.uint8))).to_dict()
    assert [p["code"] for p in caught.value.body["quality"]["problems"]] == ["no-face", "too-dark"]


def test_a_face_that_is_found_in_near_darkness_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable) as caught:
        report_photo(saved(tmp_path, (PORTRAIT * 0.08).astype(np.uint8))).to_dict()
    assert caught.value.body["quality"]["problems"][0]["code"] == "too-dark"


def test_a_file_that_is_no_picture_is_an_input_error() -> None:
    with pytest.raises(InputError):
        report_photo(Path(__file__)).to_dict()


def test_a_dim_picture_keeps_its_regions_and_loses_its_tone(tmp_path: Path) -> None:
    found = report_photo(saved(tmp_path, (PORTRAIT * 0.4).astype(np.uint8))).to_dict()
    assert len(found["regions"]) >= 8
    assert "dark skin and little light" in found["colour"]["unknown"]


@pytest.mark.parametrize("change", ["grey", "blue", "clipped"])
def test_without_true_colour_maps_and_marks_of_a_colour_are_unknown(change: str, tmp_path: Path) -> None:
    rgb = {
        "grey": np.repeat(cv2.cvtColor(PORTRAIT, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
        "blue": np.clip(PORTRAIT * [0.6, 0.8, 1.3], 0, 255).astype(np.uint8),
        "clipped": np.clip(PORTRAIT * 1.3, 0, 255).astype(np.uint8),
    }[change]
    found = report_photo(saved(tmp_path, rgb), tmp_path / "out").to_dict()
    assert found["quality"]["ok"] is True
    assert found["maps"]["regions"] == "regions.png"
    assert "unknown" in found["maps"]["melanin"]
    assert "unknown" in found["colour"]
    counts = {finding["kind"]: finding["count"] for finding in found["findings"]}
    assert counts.pop("dark-spots") == 0  # told by its darkness alone
    if change != "clipped":  # there a quarter of the skin is clipped in green too
        assert counts.pop("unclassified-spots") == 0
    assert all("unknown" in count for count in counts.values())


def with_red_clipped(rgb: np.ndarray) -> np.ndarray:
    return np.clip(rgb * np.array([1.5, 1.0, 1.0]), 0, 255).astype(np.uint8)


def test_where_red_is_clipped_a_wide_dark_spot_is_told_and_seen_by_a_doctor_without_a_colour(tmp_path: Path) -> None:
    # Discs of 2.8 px are 8 mm wide, more than the 6 mm from which a doctor must see one.
    discs = [(192.0, 126.0, 2.8), (256.0, 127.0, 2.8)]
    found = report_photo(saved(tmp_path, with_red_clipped(painted(discs, 0.5 * MELANIN)))).to_dict()
    spots = marks(found, "unclassified-spots")
    assert set(spots) == {"cheek-right", "cheek-left"}
    for spot in spots.values():
        assert (spot["count"], spot["to_be_seen"], spot["confidence"]) == (1, 1, "low")
        assert set(spot["suggests"]) == {"unknown"}
        assert "colours of this photograph cannot be read" in spot["note"]
        assert spot["size_mm"]["low"] < 8.0 < spot["size_mm"]["high"]
    assert "spot-to-be-seen" in [warning["code"] for warning in found["warnings"]]
    unread = {finding["kind"]: finding["count"] for finding in found["findings"] if finding["kind"] not in LUMINOUS}
    assert set(unread) == set(FINDING_KINDS) - set(LUMINOUS)
    for kind in ("spots", "redness", "inflamed", "diffuse-pigment", "scars"):
        assert unread[kind]["unknown"].startswith("Red is at full light in")
    # The same picture without the discs has none.
    plain = report_photo(saved(tmp_path, with_red_clipped(PORTRAIT))).to_dict()
    assert not marks(plain, "unclassified-spots")


def test_a_line_is_as_long_by_green_light_as_with_colours_and_suggests_nothing(tmp_path: Path) -> None:
    rgb = cv2.resize(PORTRAIT, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    cover = np.zeros(rgb.shape[:2], np.uint8)
    cv2.line(cover, (555, 385), (600, 365), 255, 3, cv2.LINE_AA)
    soft = cv2.GaussianBlur(cover / 255, (0, 0), 1.0)[..., None]
    lined = to_bytes(to_light(rgb) * np.exp(-0.35 * soft * GREY))
    told = {}
    for name, picture in {"colours": lined, "green": with_red_clipped(lined)}.items():
        found = report_photo(saved(tmp_path, picture)).to_dict()
        (line,) = (finding for finding in marks(found, "fine-lines").values() if finding["region"] == "cheek-right")
        told[name] = line
    # Ends of a line are lost or gained by a pixel of blur at each end: three millimetres of 23.
    lengths = [line["length_mm"]["median"] for line in told.values()]
    assert lengths[1] == pytest.approx(lengths[0], abs=3.0)
    assert told["colours"]["suggests"] == "wrinkles"
    assert set(told["green"]["suggests"]) == {"unknown"}
    assert "a vessel may be among them" in told["green"]["note"]


def test_where_green_is_clipped_nothing_but_very_dark_spots_is_read(tmp_path: Path) -> None:
    rgb = np.clip(PORTRAIT * np.array([1.3, 1.9, 1.3]), 0, 255).astype(np.uint8)
    found = report_photo(saved(tmp_path, rgb)).to_dict()
    assert "clipped" in [problem["code"] for problem in found["quality"]["problems"]]
    counts = {finding["kind"]: finding["count"] for finding in found["findings"]}
    assert counts.pop("dark-spots") == 0
    assert all("unknown" in count for count in counts.values())


@pytest.mark.parametrize(
    ("gain", "said"), [((1.5, 1.0, 1.0), "Red is at full light in"), ((1.6, 1.6, 1.6), "% of the skin")]
)
def test_what_is_clipped_is_named(gain: tuple[float, ...], said: str, tmp_path: Path) -> None:
    rgb = np.clip(PORTRAIT * np.array(gain), 0, 255).astype(np.uint8)
    problems = report_photo(saved(tmp_path, rgb), tmp_path / "out").to_dict()["quality"]["problems"]
    (told,) = (one["message"] for one in problems if one["code"] == "clipped")
    assert said in told


# Two places on open skin of each cheek, away from outlines.
SPOTS = [(192.0, 126.0, 2.6), (256.0, 127.0, 2.6)]


def test_painted_melanin_is_found_as_spots_with_its_area(tmp_path: Path) -> None:
    found = report_photo(saved(tmp_path, painted(SPOTS, 0.5 * MELANIN))).to_dict()
    spots = marks(found, "spots")
    assert set(spots) == {"cheek-right", "cheek-left"}
    scale = found["scale_mm_per_px"]
    for spot in spots.values():
        assert spot["count"] == 1
        assert spot["told"].startswith("a brown spot, ")
        # A disc of radius 2.6 px has 21 px; the threshold runs along a blurred edge, a pixel to either side.
        assert np.pi * 1.6**2 < spot["area_px"] < np.pi * 3.6**2
        assert spot["area_mm2"]["median"] == pytest.approx(spot["area_px"] * scale["median"] ** 2, rel=1e-4)
        assert spot["suggests"] == "age-spots"
        assert "melanoma" in spot["note"]


@pytest.mark.parametrize("density", [0.5 * HAEMOGLOBIN, 0.5 * GREY], ids=["blood", "shadow"])
def test_blood_and_shadow_are_not_taken_for_pigment(density: np.ndarray, tmp_path: Path) -> None:
    assert not marks(report_photo(saved(tmp_path, painted(SPOTS, density))).to_dict(), "spots")


def test_painted_blood_is_found_as_redness_of_its_region(tmp_path: Path, portrait: dict) -> None:
    assert not marks(portrait, "redness")
    flushed = [(192.0, 125.0, 14.0), (258.0, 127.0, 14.0)]
    red = marks(report_photo(saved(tmp_path, painted(flushed, 0.4 * HAEMOGLOBIN))).to_dict(), "redness")
    # The left cheek lies in a shade of 0.57, whose colour may be all of what was painted.
    assert "cheek-right" in red
    assert "cheek-left" not in red
    assert all(finding["suggests"] == "redness" for finding in red.values())
    assert all("unknown" in finding["severity"] for finding in red.values())


def test_a_card_undoes_coloured_light(tmp_path: Path) -> None:
    """The same face and card under two lights read the same with the card, apart from 8-bit rounding."""
    scene = PORTRAIT.copy()
    scene[30:90, 30:90] = (236, 236, 236)
    card = [35, 35, 50, 50]
    lit = to_bytes(to_light(scene) * [0.85, 0.8, 0.6])
    first, second = (report_photo(saved(tmp_path, rgb), white_card=card).to_dict() for rgb in (scene, lit))
    plain, tinted = first["colour"], second["colour"]
    assert plain["calibrated"] is True
    # One level of 255 in 200 moves ITA by about 1/200 in b* and L*, a third of a degree; the median steps once more.
    assert tinted["ita_deg"]["median"] == pytest.approx(plain["ita_deg"]["median"], abs=1.5)
    bare = report_photo(saved(tmp_path, scene)).to_dict()["colour"]
    assert plain["ita_deg"]["high"] - plain["ita_deg"]["low"] < bare["ita_deg"]["high"] - bare["ita_deg"]["low"]
    assert first["warnings"] == []


def test_a_useless_card_is_said_leaves_the_colour_uncalibrated_and_enters_the_hash(portrait: dict) -> None:
    found = report_photo(FILE, white_card=[210, 180, 10, 20]).to_dict()  # the black collar
    assert found["case_sha256"] != portrait["case_sha256"]
    assert [warning["code"] for warning in found["warnings"]] == ["card-not-used"]
    assert found["colour"]["calibrated"] is False


def test_a_plan_gets_the_interval_and_the_darkest_region() -> None:
    skin = portrait_analysis().skin
    assert isinstance(skin, SkinAnalysis)
    ita = skin.colour.ita_deg
    assert ita.low < skin.colour.darkest_deg <= ita.median < ita.high
    assert skin.colour.calibrated is False


def test_a_look_keeps_the_face_and_not_the_picture() -> None:
    """A consultation may wait with its look in memory: a part of the picture, reduced where it is large."""
    large = np.zeros((3000, 4000, 3), np.uint8)
    height, width = PORTRAIT.shape[:2]
    large[500 : 500 + height, 500 : 500 + width] = PORTRAIT
    seen = face_view(large, find_single_face(PORTRAIT).transformed(1.0, -500, -500))
    assert seen.rgb.base is None
    assert seen.rgb.nbytes < large.nbytes / 50


def test_the_sources_that_were_read_are_counted(read: Read) -> None:
    keys = set(read.sources)
    assert {"viola2001", "dodgson2004", "skinbeam2026skin", "chardon1991", "iec61966", "skinbeam2026photo"} <= keys
    assert all(find_source(key) for key in keys)
