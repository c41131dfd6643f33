"""Beams, inclusions, cells and tallies of a layers file: what is read, what is refused and what the hash holds."""

import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from paths import ROOT
from scipy.optimize import minimize

from skinbeam.model.errors import InputError
from skinbeam.model.fields import FieldError
from skinbeam.model.input_files import parse_record
from skinbeam.simulate.layers_schema.inclusions import SolidBody, bodies_overlap, check_inclusions, segment_distances
from skinbeam.simulate.layers_schema.layers import LayersFile, LightBeam, LoadedLayers, load_layers

LAYER = {"name": "dermis", "mua_per_cm": 0.7, "mus_per_cm": 160.0, "g": 0.8, "n": 1.37}
SKIN = """
[[layer]]
name = "epidermis"
thickness_um = 100.0
mua_per_cm = 12.0
mus_per_cm = 300.0
g = 0.8
n = 1.37

[[layer]]
name = "dermis"
mua_per_cm = 0.7
mus_per_cm = 160.0
g = 0.8
n = 1.37
"""
BLOOD = {"mua_per_cm": 200.0, "mus_per_cm": 467.0, "g": 0.99}
OPTICS = "".join(f"{key} = {value}\n" for key, value in BLOOD.items())
# Printed before the file could hold anything but plain layers.
HASHES = {
    "coverslip": "06330e5370992f51186ef5c326d8a0cb0f0c09ed1e0b971446f78602147441df",
    "giovanelli-semi-infinite": "2864a37bff45ed3ce4f638c568b290c4f32b68b59c0a7080de04e786ba093a75",
    "van-de-hulst-slab": "b1783d684a491be60dcfb89b5d0f11b4db3e8025e9cdeab6c175c9b74c7db337",
}


def read(folder: Path, text: str, skin: str = SKIN) -> LoadedLayers:
    file = folder / "layers.toml"
    file.write_text(text + skin, encoding="utf-8")
    return load_layers(file)


def refused(folder: Path, text: str, skin: str = SKIN) -> InputError:
    with pytest.raises(InputError) as caught:
        read(folder, text, skin)
    assert all((caught.value.code, caught.value.message, caught.value.hint, caught.value.file))
    return caught.value


def vessel(name: str, keys: str) -> str:
    return f'[[vessel]]\nname = "{name}"\n{keys}\n{OPTICS}'


def lesion(name: str, keys: str) -> str:
    return f'[[lesion]]\nname = "{name}"\n{keys}\n{OPTICS}'


@pytest.mark.parametrize("name", HASHES)
def test_older_files_keep_their_hash(name: str) -> None:
    assert load_layers(ROOT / "examples" / "light" / f"{name}.toml").sha256() == HASHES[name]


def test_plain_layers_load_no_packer() -> None:
    file = ROOT / "examples" / "light" / "coverslip.toml"
    program = (
        "import sys; from pathlib import Path; from skinbeam.simulate.layers_schema.layers import load_layers;"
        f"load_layers(Path({str(file)!r})); print(*{{'zarr', 'numcodecs', 'xarray', 'scipy'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []


def test_what_is_stated_twice_or_at_its_default_leaves_the_hash(tmp_path: Path) -> None:
    plain = read(tmp_path, "").sha256()
    assert read(tmp_path, "[beam]\nangle_deg = 0\n").sha256() == plain
    assert read(tmp_path, "[beam]\nangle_deg = 1\n").sha256() != plain
    square = [
        read(tmp_path, "[tally]\ndx_um = 5\nnx = 10\n" + more).sha256()
        for more in ("", "ny = 10\n", "dy_um = 5.0\nny = 10\n", "dy_um = 6.0\n", "ny = 11\n")
    ]
    assert square[0] == square[1] == square[2]
    assert len(set(square)) == 3
    cells = [read(tmp_path, "[cell]\nwidth_um = 500\n" + more).sha256() for more in ("", "height_um = 500\n")]
    assert cells[0] == cells[1] != plain
    assert read(tmp_path, "[cell]\nwidth_um = 500\nheight_um = 400\n").sha256() != cells[0]
    tube = vessel("v", "diameter_um = 50\ndepth_um = 300\n")
    assert len({read(tmp_path, text).sha256() for text in ("", tube, tube + "x_um = 5", lesion("l", BALL))}) == 4


BALL = "centre_um = [0, 0, 300]\nsize_um = [50, 60, 70]"
BEAMS = {
    "pencil": "",
    "flat": "",
    "gaussian": "spot_mm = 2\n",
    "ring": "spot_mm = 2\ninner_mm = 1\n",
    "focused": "spot_mm = 2\nfocus_um = 500\nwaist_um = 0\n",
    "fibre": "spot_mm = 0.4\nhalf_angle_deg = 20\n",
}
EXTRAS = {
    "inner_mm": {"ring"},
    "focus_um": {"focused"},
    "waist_um": {"focused"},
    "half_angle_deg": {"fibre"},
    "angle_deg": {"pencil", "flat", "gaussian", "ring"},
    "x_um": {"pencil", "gaussian", "ring", "focused", "fibre"},
    "y_um": {"pencil", "gaussian", "ring", "focused", "fibre"},
}


@pytest.mark.parametrize("kind", BEAMS)
def test_each_kind_takes_its_own_keys_only(tmp_path: Path, kind: str) -> None:
    whole = f'[beam]\nkind = "{kind}"\n{BEAMS[kind]}'
    assert read(tmp_path, whole).spec.beam.kind == kind
    for key, kinds in EXTRAS.items():
        if key in BEAMS[kind]:
            continue
        text = f"{whole}{key} = 0.5\n"
        if kind in kinds:
            assert getattr(read(tmp_path, text).spec.beam, key) == 0.5
            continue
        error = refused(tmp_path, text)
        assert error.field == f"beam.{key}"
        assert "read 0.5" in error.message
        assert key in error.hint


@pytest.mark.parametrize("kind", BEAMS)
def test_each_kind_needs_its_keys(tmp_path: Path, kind: str) -> None:
    lines = BEAMS[kind].splitlines()
    for line in lines:
        rest = "\n".join(other for other in lines if other != line)
        error = refused(tmp_path, f'[beam]\nkind = "{kind}"\n{rest}\n')
        assert (error.code, error.field) == ("missing-key", f"beam.{line.split()[0]}")


def test_a_wide_flat_beam_may_be_moved_and_an_endless_one_not(tmp_path: Path) -> None:
    assert read(tmp_path, "[beam]\nspot_mm = 2\nx_um = -40\n").spec.beam.x_um == -40
    assert refused(tmp_path, "[beam]\ny_um = 40\n").field == "beam.y_um"


@pytest.mark.parametrize(
    ("beam", "field"),
    [
        ('kind = "ring"\nspot_mm = 2\ninner_mm = 2', "inner_mm"),
        ('kind = "ring"\nspot_mm = 2\ninner_mm = -0.1', "inner_mm"),
        ("angle_deg = 85", "angle_deg"),
        ("angle_deg = -1", "angle_deg"),
        ('kind = "fibre"\nspot_mm = 0.4\nhalf_angle_deg = 90', "half_angle_deg"),
        ('kind = "fibre"\nspot_mm = 0.4\nhalf_angle_deg = 0', "half_angle_deg"),
        ('kind = "focused"\nspot_mm = 2\nfocus_um = 0\nwaist_um = 5', "focus_um"),
        ('kind = "focused"\nspot_mm = 2\nfocus_um = 9\nwaist_um = -5', "waist_um"),
    ],
)
def test_beams_out_of_range_are_refused(tmp_path: Path, beam: str, field: str) -> None:
    assert refused(tmp_path, f"[beam]\n{beam}\n").field == f"beam.{field}"


def test_a_beam_is_made_by_its_keys() -> None:
    assert (LightBeam().kind, LightBeam().spot_mm, LightBeam().angle_deg) == ("flat", None, 0.0)
    assert LightBeam(kind="gaussian", spot_mm=2.0).spot_mm == 2.0
    assert LightBeam(kind="pencil", spot_mm=None, x_um=3.0).x_um == 3.0


@pytest.mark.parametrize(
    ("tally", "field"),
    [
        ("nx = 10", "dx_um"),
        ("dx_um = 10", "nx"),
        ("dy_um = 10", "dx_um"),
        ("ny = 10", "nx"),
        ("dx_um = 10\nnx = 10\ndr_um = 10\nnr = 10", "nx"),
        ("dx_um = 10\nnx = 20001", "nx"),
    ],
)
def test_half_a_map_is_refused(tmp_path: Path, tally: str, field: str) -> None:
    assert refused(tmp_path, f"[tally]\n{tally}\n").field == f"tally.{field}"


SLAB = SKIN.replace('name = "dermis"', 'name = "dermis"\nthickness_um = 900.0')
STEP = SKIN.replace("n = 1.37\n\n", "n = 1.45\n\n")
A = vessel("a", "diameter_um = 100\ndepth_um = 300\n")


@pytest.mark.parametrize(
    ("text", "skin", "field", "words"),
    [
        # Out of the layers.
        (vessel("v", "diameter_um = 100\ndepth_um = 49"), SKIN, "vessel[0].depth_um", "1 µm out of the surface"),
        (A + vessel("v", "diameter_um = 9\npath_um = [[0, 0, 80], [0, 0, 4]]"), SKIN, "vessel[1].path_um[1]", "0.5 µm"),
        (vessel("v", "diameter_um = 100\ndepth_um = 951"), SLAB, "vessel[0].depth_um", "ends at 1000 µm"),
        (lesion("l", "centre_um = [0, 0, 30]\nsize_um = [9, 9, 61]"), SKIN, "lesion[0].centre_um", "0.5 µm out"),
        (lesion("l", "centre_um = [0, 0, 980]\nsize_um = [9, 9, 61]"), SLAB, "lesion[0].centre_um", "1000 µm"),
        # Across a step of the index.
        (vessel("v", "diameter_um = 100\ndepth_um = 149"), STEP, "vessel[0]", "different refractive index"),
        (vessel("v", "diameter_um = 9\npath_um = [[0, 0, 50], [0, 0, 200]]"), STEP, "vessel[0]", "refractive index"),
        (lesion("l", "centre_um = [0, 0, 120]\nsize_um = [9, 9, 41]"), STEP, "lesion[0]", "different refractive"),
        # Keys that are missing, twice, or say two things.
        (vessel("v", "diameter_um = 9"), SKIN, "vessel[0].depth_um", "missing"),
        (vessel("v", "diameter_um = 9\ndepth_um = 50\nn = 1.4"), SKIN, "vessel[0].n", "unknown key"),
        (vessel("v", "depth_um = 50\ndiameter_um = 0"), SKIN, "vessel[0].diameter_um", "out of range"),
        (vessel("v", "diameter_um = 9\nx_um = 0\npath_um = [[0, 0, 50], [0, 0, 80]]"), SKIN, "vessel[0].x_um", "both"),
        (vessel("v", "diameter_um = 9\npath_um = [[0, 0, 50]]"), SKIN, "vessel[0].path_um", "at least 2"),
        (vessel("v", "diameter_um = 9\npath_um = [[0, 0, 50], [0, 80]]"), SKIN, "vessel[0].path_um[1]", "wrong length"),
        (
            vessel("v", "diameter_um = 9\npath_um = [[0, 0, 50], [0, 0, 80], [0, 0, 80.0]]"),
            SKIN,
            "vessel[0].path_um[2]",
            "the same",
        ),
        (lesion("l", BALL + '\nshape = "disk"'), SKIN, "lesion[0].shape", '"disc"'),
        (lesion("l", BALL.replace("60", "0")), SKIN, "lesion[0].size_um[1]", "out of range"),
        # Names.
        (vessel("dermis", "diameter_um = 9\ndepth_um = 50"), SKIN, "vessel[0].name", "a layer is called"),
        (A + lesion("a", BALL), SKIN, "lesion[0].name", "a vessel is called"),
        (A + A, SKIN, "vessel[1].name", "a vessel is called"),
        (A + vessel("b", 'diameter_um = 9\npath_um = [[0, 0, 50], [0, 0, 80]]\nbranch_of = "aa"'), SKIN,
         "vessel[1].branch_of", 'Did you mean "a"'),
        (vessel("b", 'diameter_um = 9\npath_um = [[0, 0, 50], [0, 0, 80]]\nbranch_of = "b"'), SKIN,
         "vessel[0].branch_of", "no other vessel"),
        (A + vessel("b", 'diameter_um = 9\ndepth_um = 350\nbranch_of = "a"'), SKIN, "vessel[1].branch_of", "no end"),
        (A + vessel("b", 'diameter_um = 9\npath_um = [[0, 0, 80], [0, 0, 249]]\nbranch_of = "a"'), SKIN,
         "vessel[1].branch_of", "51 µm from its axis"),
        # Overlaps.
        (A + vessel("b", "diameter_um = 50\nx_um = 74\ndepth_um = 300"), SKIN, "vessel[1].depth_um", "74 µm apart"),
        (A + vessel("b", "diameter_um = 8\npath_um = [[0, 0, 80], [0, 0, 90], [0, 7, 247]]"), SKIN,
         "vessel[1].path_um[1]", 'branch_of = "a"'),
        (lesion("l", BALL) + lesion("m", BALL.replace("[0, 0,", "[40, 20,")), SKIN, "lesion[1].centre_um", "overlap"),
        # The cell.
        ("[cell]\nwidth_um = 100\n" + vessel("v", "diameter_um = 60\ndepth_um = 150\nx_um = -21"), SKIN,
         "vessel[0].x_um", "51 µm from the middle along x"),
        ("[cell]\nwidth_um = 400\nheight_um = 100\n"
         + vessel("v", "diameter_um = 6\npath_um = [[0, 0, 9], [9, 48, 9]]"),
         SKIN, "vessel[0].path_um[1]", "51 µm from the middle along y"),
        ("[cell]\nwidth_um = 50\n" + lesion("l", BALL), SKIN, "lesion[0].centre_um", "30 µm from the middle along y"),
        ("[cell]\nwidth_um = 0\n", SKIN, "cell.width_um", "above 0"),
        ("[cell]\nheight_um = 9\n", SKIN, "cell.width_um", "missing"),
    ],
)  # fmt: skip
def test_impossible_inclusions_are_refused(tmp_path: Path, text: str, skin: str, field: str, words: str) -> None:
    error = refused(tmp_path, text, skin)
    assert error.field == field
    assert words in f"{error.message}; {error.hint}"


@pytest.mark.parametrize(
    ("text", "skin"),
    [
        # Touching the surface, the end, a step of the index, another vessel, a side (of 0.1 + 0.2) is no fault.
        (vessel("v", "diameter_um = 100\ndepth_um = 50"), STEP),
        (vessel("v", "diameter_um = 100\ndepth_um = 950"), SLAB),
        (A + vessel("b", "diameter_um = 50\nx_um = 75\ndepth_um = 300"), SKIN),
        ("[cell]\nwidth_um = 0.6\n" + vessel("v", "diameter_um = 0.4\nx_um = 0.1\ndepth_um = 300"), SKIN),
        # Layers of one index may be crossed; vessels run through lesions; a straight vessel leaves the cell along y.
        (vessel("v", "diameter_um = 100\ndepth_um = 100") + lesion("l", BALL.replace("300", "100")), SKIN),
        ("[cell]\nwidth_um = 100\nheight_um = 10\n" + A, SKIN),
        # A Y: both daughters leave the end of the stem, where they overlap each other as well.
        (
            vessel("stem", "diameter_um = 80\npath_um = [[0, 0, 900], [0, 0, 500]]")
            + vessel("left", 'diameter_um = 60\npath_um = [[0, 0, 500], [-300, 0, 300]]\nbranch_of = "stem"')
            + vessel("right", 'diameter_um = 50\npath_um = [[300, 0, 300], [0, 0, 500]]\nbranch_of = "stem"'),
            SKIN,
        ),
        # A branch given before its stem, which is endless along y.
        (vessel("b", 'diameter_um = 9\npath_um = [[0, 7000, 80], [0, 7000, 251]]\nbranch_of = "a"') + A, SKIN),
    ],
)
def test_what_only_touches_or_joins_is_taken(tmp_path: Path, text: str, skin: str) -> None:
    assert read(tmp_path, text, skin).spec.vessel


def test_inclusions_belong_to_layers(tmp_path: Path) -> None:
    cube = '[voxels]\nfile = "cube.npz"\nsize_um = 5\n'
    media = SKIN.replace("[[layer]]", "[[medium]]").replace("thickness_um = 100.0", "")
    for text, field in ((A, "vessel"), (lesion("l", BALL), "lesion"), ("[cell]\nwidth_um = 90\n", "cell")):
        assert refused(tmp_path, cube + text, media).field == field


def test_a_thousand_segments_are_checked_fast_and_more_are_refused(tmp_path: Path) -> None:
    # Parallel and slanting, 14 µm apart: all boxes meet in x and y, no vessel does.
    paths = [
        [[20.0 * k, -500.0, 50.0 + 20.0 * row], [20.0 * k + 500.0, 0.0, 50.0 + 20.0 * row]]
        for row in range(50)
        for k in range(20)
    ]
    tables = [{"name": str(i), "diameter_um": 10.0, "path_um": path} | BLOOD for i, path in enumerate(paths)]
    spec = parse_record(LayersFile, {"layer": [LAYER], "vessel": tables}, file="x")
    start = time.process_time()
    check_inclusions(spec.layer, spec.vessel, [], None)
    # Half a million pairs of segments; 10 s leave some 20 µs for each, arrays take below 1 µs.
    assert time.process_time() - start < 10
    tables[-1]["path_um"] = [[0, 0, 5000], [0, 0, 5010], [0, 0, 5020]]
    spec = parse_record(LayersFile, {"layer": [LAYER], "vessel": tables}, file="x")
    with pytest.raises(FieldError, match="1001 straight") as caught:
        check_inclusions(spec.layer, spec.vessel, [], None)
    assert caught.value.field == "vessel[999]"


coordinate = st.floats(-1000, 1000)
point = st.tuples(coordinate, coordinate, coordinate).map(np.array)


@settings(max_examples=200)
@given(point, point, point, point, st.floats(0, 1), st.floats(0, 1))
def test_the_distance_of_segments(a: Any, b: Any, c: Any, d: Any, s: float, t: float) -> None:
    found = float(segment_distances(a, b, c, d))
    # 1e-16 of squares up to 4e6 in each of a few products: 1e-4 µm where segments cross, far less elsewhere.
    for swapped in (segment_distances(c, d, a, b), segment_distances(b, a, c, d), segment_distances(a, b, d, c)):
        assert float(swapped) == pytest.approx(found, abs=1e-4)
    assert found <= np.linalg.norm(a + s * (b - a) - c - t * (d - c)) + 1e-4
    # From a point to itself, and from a segment to one of its own points.
    assert float(segment_distances(a, a, c, c)) == pytest.approx(float(np.linalg.norm(a - c)), rel=1e-12)
    assert float(segment_distances(a, b, a + s * (b - a), d)) == pytest.approx(0, abs=1e-4)


def test_the_distance_of_segments_reaches_its_least_value() -> None:
    random = np.random.default_rng(3)
    a, b, c, d = random.uniform(-1, 1, (4, 200, 3))
    places = np.linspace(0, 1, 101)
    one = a[:, None] + places[:, None] * (b - a)[:, None]
    other = c[:, None] + places[:, None] * (d - c)[:, None]
    tried = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1).min(axis=(1, 2))
    found = segment_distances(a, b, c, d)
    # The grid comes within half a step (of lengths up to 3.5) on either segment.
    assert np.all(found <= tried + 1e-12)
    assert np.all(tried - found < 0.5 * 0.01 * 2 * 3.5)


@settings(max_examples=60)
@given(
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(200, 800)),
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(200, 800)),
    st.floats(0, 1),
    st.floats(0, 6.2832),
    st.floats(5, 60),
    st.floats(5, 60),
    st.floats(0.0, 0.99),
)  # fmt: skip
def test_overlapping_vessels_are_always_refused(
    start: Any, end: Any, place: float, turn: float, wide: float, narrow: float, share: float
) -> None:
    assume(math.dist(start, end) > 1)
    # The second begins within the two radii of some point of the first.
    away = share * (wide + narrow) / 2
    joint = np.array(start) + place * (np.array(end) - start) + away * np.array([math.cos(turn), math.sin(turn), 0])
    tables = [
        {"name": "a", "diameter_um": wide, "path_um": [list(start), list(end)]},
        {"name": "b", "diameter_um": narrow, "path_um": [joint.tolist(), [900.0, 900.0, 900.0]]},
    ]
    spec = parse_record(LayersFile, {"layer": [LAYER], "vessel": [table | BLOOD for table in tables]}, file="x")
    with pytest.raises(FieldError) as caught:
        check_inclusions(spec.layer, spec.vessel, [], None)
    assert caught.value.code == "vessels-overlap"


half = st.floats(1, 50)
body = st.builds(
    SolidBody, st.tuples(*[st.floats(-60, 60)] * 3), st.tuples(half, half, half), st.booleans()
)  # fmt: skip


def farness(point: Any, body: SolidBody) -> list[Any]:
    """What is below 1 inside a body: squares of how far out a point lies on the scale of its half widths."""
    x, y, z = (((point[axis] - body.centre[axis]) / body.half[axis]) ** 2 for axis in range(3))
    return [x + y, z] if body.disc else [x + y + z]


@settings(max_examples=150)
@given(body, body)
def test_bodies_overlap_where_a_point_is_in_both(one: SolidBody, other: SolidBody) -> None:
    meets = bodies_overlap(one, other)
    assert bodies_overlap(other, one) == meets
    # The point that lies least far out of both: a convex problem, in which a minimiser finds the least value.
    found = minimize(
        lambda v: v[3],
        [*np.mean([one.centre, other.centre], axis=0), 50.0],
        constraints={"type": "ineq", "fun": lambda v: v[3] - np.array([*farness(v, one), *farness(v, other)])},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assume(found.success)
    least = max(*farness(found.x, one), *farness(found.x, other))
    if least < 1 - 1e-6:
        assert meets
    # 1e-4 is room for the minimiser, which stops where the last step gained 1e-12.
    if least > 1 + 1e-4:
        assert not meets


def test_balls_meet_by_the_sum_of_their_radii() -> None:
    ball = SolidBody((0, 0, 0), (3, 3, 3))
    for gap, meets in ((4.999, True), (5.0, False), (5.001, False)):
        place = [gap * part for part in (0.48, 0.6, 0.64)]
        assert bodies_overlap(ball, SolidBody(place, (2, 2, 2))) is meets
    # A disc of radius 2 on the shoulder of the ball: at a height of 2 the ball is sqrt(9 - 4) = 2.236 wide.
    for side, meets in ((2.23, True), (2.24, False)):
        assert bodies_overlap(ball, SolidBody((2 + side, 0, 3), (2, 2, 1), True)) is meets
        assert bodies_overlap(SolidBody((2 + side, 0, 3), (2, 2, 1), True), ball) is meets
    # Two discs of radius 2, side by side: 2.83 along x and y are 4.
    for side, meets in ((2.82, True), (2.83, False)):
        assert (
            bodies_overlap(SolidBody((0, 0, 0), (2, 2, 1), True), SolidBody((side, side, 1.9), (2, 2, 1), True))
            is meets
        )
