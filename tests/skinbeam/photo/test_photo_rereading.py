"""Copies of a photograph show the same skin, and marks are told by how often they come back on them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from skinbeam.model.estimate import Estimate
from skinbeam.photo.face.regions import SkinRegions
from skinbeam.photo.findings.finding import suggest_concerns
from skinbeam.photo.findings.mark import LineSight, Mark, Repeatability
from skinbeam.photo.findings.rereading import count_interval, is_repeated, reread_marks
from skinbeam.photo.findings.skin_copy import SkinCopy, copy_skin
from skinbeam.photo.findings.summary import PixelScale, summarise_marks
from skinbeam.photo.view import View, ViewPlace

MM_PER_PX = Estimate(0.2, 0.18, 0.22, 0.95, "assumed")  # of the picture
PUPIL_PX = 320.0
SCALE = 0.5  # pixels of the view per pixel of the picture


def skin(dots: Sequence[tuple[float, float]]) -> tuple[np.ndarray, View, SkinRegions]:
    """A plain picture with dark dots at points of its view."""
    rgb = np.full((500, 600, 3), (200, 160, 140), np.uint8)
    for x, y in dots:
        centre = round((x + 0.5) / SCALE - 0.5), round((y + 0.5) / SCALE - 0.5)
        cv2.circle(rgb, centre, 6, (90, 50, 40), cv2.FILLED, cv2.LINE_AA)
    box = (0, 0, 300, 250)
    seen = cv2.resize(rgb, (300, 250), interpolation=cv2.INTER_AREA)
    view = View(seen, ViewPlace("full-face", PUPIL_PX * SCALE, 0.0, box, box), SCALE, (0, 0))
    mask = np.zeros((250, 300), bool)
    mask[20:-20, 20:-20] = True
    return rgb, view, SkinRegions({"cheek-right": mask}, {}, ())


def mark(x: float, y: float, kind: str = "spots", size_mm: float = 1.4, **more: object) -> Mark:
    """A disc of 3 pixels around a point of the view."""
    cover = np.ones((3, 3), np.float32)
    return Mark(
        kind=kind,
        region="cheek-right",
        map_name="melanin",
        origin=(round(x) - 1, round(y) - 1),
        cover=cover,
        excess=0.3 * cover,
        contrast=0.3,
        size_mm=Estimate(size_mm, 0.85 * size_mm, 1.15 * size_mm, 0.95, "assumed"),
        **more,
    )


def dark_dots(copy: SkinCopy) -> np.ndarray:
    """The middles of the dark dots of a copy, in pixels of its view."""
    dark = (copy.view.rgb[..., 1] < 110).astype(np.uint8)
    return cv2.connectedComponentsWithStats(dark)[3][1:]


def test_every_copy_shows_each_place_where_it_was() -> None:
    dots = [(80.0, 60.0), (220.0, 60.0), (150.0, 180.0)]
    copies = list(copy_skin(*skin(dots), MM_PER_PX))
    assert len(copies) == 3
    for copy in copies:
        back = copy.to_original(dark_dots(copy))
        away = np.linalg.norm(back[:, None] - np.array(dots), axis=2)
        # A pixel of the coarsest copy is 1 / 0.65 pixels of the picture, and half of that is 0.4 pixels of the view.
        assert away.min(axis=0) == pytest.approx(np.zeros(3), abs=0.6)


def test_copies_differ_in_size_turn_and_light_and_keep_the_length_of_the_skin() -> None:
    dots = [(80.0, 60.0), (220.0, 60.0)]
    copies = list(copy_skin(*skin(dots), MM_PER_PX))
    lengths_mm, angles = [], []
    for copy in copies:
        first, second = sorted(dark_dots(copy).tolist())
        lengths_mm.append(np.hypot(*np.subtract(second, first)) / copy.view.scale * copy.mm_per_px.median)
        angles.append(np.degrees(np.arctan2(second[1] - first[1], second[0] - first[0])))
    # 140 pixels of the view are 280 of the picture; a middle is found to a third of a pixel.
    assert lengths_mm == pytest.approx([56.0] * 3, abs=0.3)
    assert len({round(angle, 1) for angle in angles}) == 3
    assert len({copy.rgb.shape for copy in copies}) == 3
    plain = [float(np.median(copy.view.rgb[..., 0])) for copy in copies]
    # Half a stop less of the light of level 200 is level 170; a JPEG of quality 95 rounds by up to two levels.
    assert plain == pytest.approx([200, 200, 170], abs=2)


def no_lines(copy: SkinCopy, lines: Sequence[Mark]) -> list[LineSight]:
    return []


def judged(found_on: Sequence[bool], told: Mark, kind: str | None = None, **more: object) -> Mark:
    """A mark after it is found on some of the copies, as a kind."""
    answers = iter(found_on)

    def find(copy: SkinCopy) -> Iterator[Mark]:
        if next(answers):
            x, y = told.points[0] @ copy.from_view[:, :2].T + copy.from_view[:, 2]
            yield mark(x, y, kind or told.kind, **more)

    (one,) = reread_marks([told], copy_skin(*skin([]), MM_PER_PX), find, no_lines, MM_PER_PX.median / SCALE)
    return one


@pytest.mark.parametrize(
    ("found_on", "told"), [((1, 1, 1), True), ((1, 1, 0), False), ((0, 0, 1), False), ((0, 0, 0), False)]
)
def test_a_mark_is_told_if_every_copy_has_it_and_a_large_spot_or_one_for_a_doctor_in_any_case(
    found_on: tuple[bool, ...], told: bool
) -> None:
    plain = judged(found_on, mark(100, 80))
    assert plain.repeatability == Repeatability(sum(found_on), 3)
    assert is_repeated(plain) is told
    assert is_repeated(judged(found_on, mark(100, 80, looks_suspicious=True)))
    assert is_repeated(judged(found_on, mark(100, 80, size_mm=5.0)))
    assert is_repeated(judged(found_on, mark(100, 80, "scars", size_mm=5.0))) is told  # large dents are no lesions


def test_a_very_dark_spot_is_told_though_no_copy_has_it() -> None:
    assert is_repeated(judged((False, False, False), mark(100, 80, "dark-spots", looks_suspicious=True)))


def test_a_spot_that_is_brown_only_once_is_of_no_certain_kind() -> None:
    assert judged((True, True, True), mark(100, 80)).kind == "spots"
    assert judged((True, True, True), mark(100, 80), "inflamed").kind == "unclassified-spots"


@pytest.mark.parametrize(("first", "then"), [("inflamed", "spots"), ("spots", "inflamed")])
def test_a_spot_of_no_certain_kind_keeps_the_notice_of_any_read(first: str, then: str) -> None:
    in_the_photograph = judged((True, True, True), mark(100, 80, first, looks_suspicious=True), then)
    on_a_copy = judged((False, True, False), mark(100, 80, first), then, looks_suspicious=True)
    for one in (in_the_photograph, on_a_copy):
        assert one.kind == "unclassified-spots"
        assert one.needs_examination
    # Inflamed spots that are red in every read are told as such, whatever their shape.
    assert not judged((True, True, True), mark(100, 80, "inflamed", looks_suspicious=True)).needs_examination


def read_as(first: Mark, *kinds: str) -> Mark:
    """A mark after the copies show it as these kinds."""
    answers = iter(kinds)

    def find(copy: SkinCopy) -> Iterator[Mark]:
        yield mark(*copy.from_original(first.points)[0], next(answers))

    (one,) = reread_marks([first], copy_skin(*skin([]), MM_PER_PX), find, no_lines, MM_PER_PX.median / SCALE)
    return one


def test_copies_give_no_spot_a_kind_and_take_it_where_they_contradict_it() -> None:
    unclear, brown = mark(100, 80, "unclassified-spots"), mark(100, 80, "spots", unit_density=0.5)
    assert read_as(unclear, *["spots"] * 3).kind == "unclassified-spots"
    assert read_as(unclear, *["inflamed"] * 3).kind == "unclassified-spots"
    assert read_as(brown, "spots", *["unclassified-spots"] * 2) == replace(brown, repeatability=Repeatability(3, 3))
    # 0.3 of melanin are 0.15 of density in the channel.
    told = read_as(brown, "spots", "spots", "inflamed")
    assert (told.kind, told.map_name, told.contrast) == ("unclassified-spots", "shade", pytest.approx(0.15))
    assert float(told.excess.max()) == pytest.approx(0.15)


STRAIGHT, HAIRPIN = [[80.0, 80.0], [120.0, 80.0]], [[80.0, 80.0], [120.0, 80.0], [80.0, 82.0]]


def read_line(kind: str, *sights: LineSight, line: Sequence[Sequence[float]] = STRAIGHT) -> tuple[Mark, ...]:
    """The line after it looks like the first sight in the photograph and like the others on the copies."""
    own, *on_copies = sights
    answers = iter(on_copies)
    found = reread_marks(
        [replace(mark(100, 80, kind, size_mm=12.0), line=np.array(line), sight=own)],
        copy_skin(*skin([]), MM_PER_PX),
        lambda copy: pytest.fail("a line needs no spots of the copy"),
        lambda copy, lines: [next(answers) for _ in lines],
        MM_PER_PX.median / SCALE,
    )
    assert next(answers, None) is None
    return found


FOLD = LineSight(share=0.9, density=0.2, width_mm=1.0, width_share=0.25, blood_share=0.4)


def test_a_line_is_told_if_each_copy_shows_half_of_it() -> None:
    for share, finds in ((0.9, 3), (0.5, 3), (0.4, 2)):
        (one,) = read_line("fine-lines", FOLD, FOLD, FOLD, replace(FOLD, share=share))
        assert one.repeatability == Repeatability(finds, 3)
        assert is_repeated(one) is (finds == 3)


@pytest.mark.parametrize(
    ("kind", "unlike"),
    [
        ("fine-lines", {"density": 0.15}),  # 1.8 mm over 12 mm
        ("vessels", {"density": 0.03}),
        ("fine-lines", {"width_share": 0.95}),
        ("fine-lines", {"width_mm": 3.5}),  # a line of 12 mm is four times as long as 3 mm
        ("fine-lines", {"blood_share": 0.8}),
        ("vessels", {"blood_share": 0.3}),
    ],
)
def test_a_line_is_of_its_kind_by_the_middle_of_its_reads(kind: str, unlike: dict[str, float]) -> None:
    own = replace(FOLD, blood_share=0.9) if kind == "vessels" else FOLD
    other = replace(own, **unlike)
    assert read_line(kind, own, own, own, other)[0].kind == kind
    assert read_line(kind, own, other, other, other) == ()


def test_a_wrinkle_that_turns_back_is_hair_or_uneven_skin() -> None:
    assert read_line("fine-lines", *[FOLD] * 4) != ()
    assert read_line("fine-lines", *[FOLD] * 4, line=HAIRPIN) == ()
    vessel = replace(FOLD, blood_share=0.9)
    assert read_line("vessels", *[vessel] * 4, line=HAIRPIN) != ()


def test_a_mark_elsewhere_is_another_mark() -> None:
    (one,) = reread_marks(
        [mark(100, 80)],
        copy_skin(*skin([]), MM_PER_PX),
        # 40 pixels of the view are 16 mm.
        lambda copy: iter([mark(*(np.array([140.0, 80.0]) @ copy.from_view[:, :2].T + copy.from_view[:, 2]))]),
        no_lines,
        MM_PER_PX.median / SCALE,
    )
    assert one.repeatability == Repeatability(0, 3)


def test_the_interval_of_a_number_holds_its_probability() -> None:
    marks = [mark(100, 80, repeatability=Repeatability(k % 4, 3)) for k in range(40)]
    interval = count_interval(marks)
    assert interval is not None
    low, high = interval
    rng = np.random.default_rng(1)
    found = np.array([one.repeatability.finds for one in marks if one.repeatability is not None])
    chance = rng.beta(found + 1.5, 3 - found + 0.5, (20000, 40))
    counts = (rng.random(chance.shape) < chance**4).sum(axis=1)
    # Whole numbers hold at least the 90 % that is promised, and one number less on either side would not.
    assert np.mean((counts >= low) & (counts <= high)) > 0.89
    assert np.mean((counts > low) & (counts < high)) < 0.91
    assert count_interval([replace(mark(1, 1), repeatability=None)]) is None


@pytest.mark.parametrize("kind", ["spots", "inflamed", "scars"])
def test_marks_that_do_not_come_back_are_not_said_to_be_absent(kind: str) -> None:
    measure = PixelScale(MM_PER_PX.scaled(2.0), "full-face", SCALE, 0.0, {"cheek-right": 1e4})
    doubtful = [mark(100 + 20 * k, 80, kind, size_mm=3.0, repeatability=Repeatability(2, 3)) for k in range(5)]
    (some,), (none,) = summarise_marks(kind, doubtful, measure), summarise_marks(kind, [], measure)
    assert (some.count, some.found_count, none.found_count) == (0, 5, None)
    assert some.note is not None
    assert none.note is not None
    assert "copies: 5" in some.note.text
    assert "stood out" not in some.note.text
    assert "stood out" in none.note.text
    # Each comes back on all four reads with a probability of 0.3: of five none to three, and rarely four.
    assert some.count_interval is not None
    assert some.count_interval[0] == 0 < some.count_interval[1] < 5


def test_acne_is_graded_and_suggested_by_every_red_spot_that_was_found() -> None:
    measure = PixelScale(MM_PER_PX.scaled(2.0), "full-face", SCALE, 0.0, {"cheek-right": 1e4})
    told = mark(100, 80, "inflamed", repeatability=Repeatability(3, 3))
    others = [mark(100 + 5 * k, 120, "inflamed", repeatability=Repeatability(2, 3)) for k in range(6)]
    (finding,) = summarise_marks("inflamed", [told, *others], measure)
    # Hayashi 2008: six to twenty lesions of half a face are moderate.
    assert (finding.count, finding.severity) == (1, "moderate")
    (suggested,) = suggest_concerns([finding])
    assert (suggested.condition, suggested.severity) == ("active-acne", "moderate")


def test_a_finding_names_each_told_mark_with_its_place_on_the_face() -> None:
    told = mark(100, 80, repeatability=Repeatability(3, 3))
    doubtful = mark(120, 80, repeatability=Repeatability(2, 3))
    measure = PixelScale(MM_PER_PX.scaled(2.0), "full-face", SCALE, 90.0, {"cheek-right": 1e4}, (100.0, 60.0))
    (finding,) = summarise_marks("spots", [told, doubtful], measure)
    assert finding.count == 1
    assert finding.marks is not None
    (one,) = finding.marks
    # 20 pixels of 0.4 mm below the middle of the eyes; the line of the eyes runs down the view.
    assert (one.x_mm, one.y_mm) == pytest.approx((8.0, 0.0), abs=1e-9)
    assert one.repeatability == Repeatability(3, 3)
    assert finding.count_interval is not None
    assert finding.count_interval[0] <= 1 <= finding.count_interval[1]
