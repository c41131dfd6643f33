"""How long a photograph of 12 megapixels takes to read, to look at and to preview a plan on, and how much memory.

    python benchmarks/photo.py [--runs 3] [--plan plan.json]

The portrait of the example is enlarged to a telephone's 4000 x 3000 pixels, with grain, and saved as JPEG. Each run is
a process of its own, so that its memory is its own. `PARTS` names what is timed, each a function of the file and of
what was seen in it, and returns what is seen; further ones are added there. The plan is that of the first consultation,
made before anything is timed where no file of it is given.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from machine import print_machine
from PIL import Image

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT, FACE_PX = 4000, 3000, 2900


def picture(folder: Path) -> Path:
    """A picture as a telephone takes it: the face nearly as high as the picture."""
    face = Image.open(ROOT / "examples/first-consultation/face.jpg").convert("RGB")
    large = np.asarray(face.resize((FACE_PX, FACE_PX), Image.Resampling.BICUBIC)).astype(np.float32)
    whole = np.full((HEIGHT, WIDTH, 3), 128, np.float32)
    whole[:FACE_PX, 500 : 500 + FACE_PX] = large
    whole += np.random.default_rng(1).normal(0, 3, (HEIGHT, WIDTH, 1))
    file = folder / "photograph.jpg"
    Image.fromarray(np.clip(whole, 0, 255).astype(np.uint8)).save(file, quality=92)
    return file


def read_it(file: Path, _: Any) -> Any:
    from skinbeam.photo.decoding.photograph import read_photograph

    return read_photograph(file)


def look_at_it(_: Path, photograph: Any) -> Any:
    from skinbeam.photo.analysis import analyse_photograph

    return analyse_photograph(photograph)


def write_overlays(file: Path, look: Any) -> Any:
    from skinbeam.api.analyse_photo import report_analysis

    report_analysis(look, file.parent / "out")
    return look


def preview_it(file: Path, look: Any) -> Any:
    from skinbeam.api.preview import make_preview, read_plan_file

    make_preview(read_plan_file(file.parent / "plan.json"), look)
    return look


PARTS: dict[str, Callable[[Path, Any], Any]] = {
    "read": read_it,
    "look": look_at_it,
    "overlays": write_overlays,
    "preview": preview_it,
}
# What is promised of 12 megapixels on two cores: the parts, and the most seconds; the most memory.
PROMISED = {"photograph": (("read", "look", "overlays"), 3.0), "preview": (("preview",), 4.0)}
PROMISED_GB = 1.5


def made_plan(folder: Path) -> Path:
    """The plan of the first consultation."""
    case, out = ROOT / "examples/first-consultation/case.toml", folder / "consult"
    words = [sys.executable, "-m", "skinbeam", "consult", str(case), "-o", str(out)]
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return out / "plan.json"


def processor() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def child(file: Path) -> None:
    """Run the parts one after the other and print what each took, and the most memory of this process and its own."""
    sys.path.insert(0, str(ROOT))
    took, came = {}, None
    for name, part in PARTS.items():
        clock, core = time.monotonic(), processor()
        came = part(file, came)
        took[name] = (time.monotonic() - clock, processor() - core)
    most = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"took": took, "most": most}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--plan", type=Path, help="of the first consultation, as `consult` wrote it")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child is not None:
        child(asked.child)
        return
    print_machine()
    with tempfile.TemporaryDirectory() as folder:
        file = picture(Path(folder))
        shutil.copy(asked.plan or made_plan(Path(folder)), file.parent / "plan.json")
        words = [sys.executable, __file__, "--child", str(file)]
        runs = [json.loads(subprocess.run(words, capture_output=True, check=True).stdout) for _ in range(asked.runs)]
        size = file.stat().st_size / 1e6
        print(f"{WIDTH} x {HEIGHT} pixels, {size:.1f} MB, median of {asked.runs} runs, each from a cold start")
    for name in PARTS:
        clock, core = (float(np.median([run["took"][name][k] for run in runs])) for k in (0, 1))
        print(f"{name:10} {clock:6.2f} s by the clock {core:6.2f} s of the processor")
    for name, (parts, most) in PROMISED.items():
        clock, core = (float(np.median([sum(run["took"][n][k] for n in parts) for run in runs])) for k in (0, 1))
        print(
            f"{' + '.join(parts)}: {clock:.2f} s by the clock, {core:.2f} s of the processor, "
            f"{core / most:.2f} of the {most:g} s promised of a {name}"
        )
    own, decoder = (max(run["most"][k] for run in runs) / 1e6 for k in (0, 1))
    print(
        f"memory: {own:.2f} GB at most, and {decoder:.2f} GB in the decoder's process before that, "
        f"{(own + decoder) / PROMISED_GB:.2f} of the {PROMISED_GB:g} GB promised"
    )


if __name__ == "__main__":
    main()
