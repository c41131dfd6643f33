"""Run pmcxcl or pmmc on the vessel cube, in an interpreter that has them, and write what came out as JSON.

    python light_peers.py pmcxcl --photons 200000 --cores 1 --seed 1 --out FILE

The file holds the seconds of each part and what each tissue absorbed of the incident light. Compiling kernels is done
by a short run before. The peers print on the C side, hence the file.
"""

import argparse
import ctypes
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from light_cases import VESSEL, Tissue

MM = 10.0  # in a cm
TISSUES = (*VESSEL.layers, VESSEL.blood)
BLOOD = len(TISSUES)  # labels are numbered from 1
COMMON = {"srcdir": [0, 0, 1], "tstart": 0, "tend": 5e-9, "tstep": 5e-9, "minenergy": 1e-4, "isreflect": 0}
ENERGY = {"issavedet": 0, "outputtype": "energy", "isnormalized": 0}

Absorbed = dict[str, float]


def media() -> list[tuple[float, float, float, float]]:
    """Rows of μa, μs (1/mm), g and n: the outside, then the tissues by label."""

    def row(tissue: Tissue) -> tuple[float, float, float, float]:
        return tissue.mua / MM, tissue.mus / MM, tissue.g, tissue.n

    return [(0.0, 0.0, 1.0, TISSUES[0].n), *map(row, TISSUES)]


def layer_at(depth: float) -> int:
    """Label of the layer at a depth, cm."""
    bottom = 0.0
    for label, layer in enumerate(VESSEL.layers[:-1], 1):
        bottom += layer.thickness
        if depth < bottom:
            return label
    return len(VESSEL.layers)


def pmcxcl() -> Callable[[int, int], Absorbed]:
    """Voxels, by the label at the centre of each."""
    import numpy as np

    # The wheel of 0.7.5 exports the C++ runtime inside it; unless the system's is there first, pocl takes its symbols
    # and fails to build every kernel ("stdint.h").
    ctypes.CDLL("libstdc++.so.6", mode=ctypes.RTLD_GLOBAL)
    import pmcxcl as code

    count, size = VESSEL.voxels, VESSEL.edge / VESSEL.voxels
    centre = (np.arange(count) + 0.5) * size
    section = np.tile([layer_at(z) for z in centre], (count, 1))
    section[np.hypot(centre[:, None] - VESSEL.edge / 2, centre - VESSEL.depth) < VESSEL.radius] = BLOOD
    labels = np.ascontiguousarray(np.broadcast_to(section[:, None, :], (count,) * 3), dtype=np.uint8)
    config: dict[str, Any] = {
        **COMMON,
        **ENERGY,
        "vol": labels,
        "unitinmm": size * MM,
        "prop": media(),
        "bc": "______000000",
        "srctype": "disk",
        "srcpos": [count / 2, count / 2, 0],
        "srcparam1": [VESSEL.beam_radius / size, 0, 0, 0],
        "issrcfrom0": 1,
    }

    def run(photons: int, seed: int) -> Absorbed:
        out = code.run({**config, "nphoton": photons, "seed": seed})
        by_label = np.bincount(labels.ravel(), np.asarray(out["flux"], dtype=float).ravel())
        return {t.name: by_label[label] / out["stat"]["nphoton"] for label, t in enumerate(TISSUES, 1)}

    return run


def pmmc() -> Callable[[int, int], Absorbed]:
    """Tetrahedra: the section in triangles, drawn out over the cube; the cylinder is a prism of the circle's area."""
    import numpy as np
    import pmmc as code
    from scipy.spatial import Delaunay

    units = 1000.0  # in a cm: tolerances are absolute, and in mm a disk source loses 8.6 % of the light
    sides, sheet = 48, -0.001  # an empty sheet above the cube holds the source
    corner = VESSEL.radius * math.sqrt(2 * math.pi / sides / math.sin(2 * math.pi / sides))
    turns = 2 * np.pi * np.arange(sides) / sides
    polygon = np.array([VESSEL.edge / 2, VESSEL.depth]) + corner * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    depths = [sheet, *np.cumsum([0.0, *(t.thickness for t in VESSEL.layers[:-1])]), VESSEL.edge]
    grid = np.stack(np.meshgrid(np.linspace(0.0, VESSEL.edge, 5), depths), axis=-1).reshape(-1, 2)
    flat = np.concatenate([grid, polygon])

    def label(x: float, z: float) -> int:
        if z < 0.0:
            return -1
        inside = math.hypot(x - VESSEL.edge / 2, z - VESSEL.depth) < corner * math.cos(math.pi / sides)
        return BLOOD if inside else layer_at(z)

    nodes = np.concatenate([np.insert(flat, 1, y, axis=1) for y in (0.0, VESSEL.edge)]) * units
    tetrahedra, labels = [], []
    for triangle in np.sort(Delaunay(flat).simplices, axis=1):
        near, far = list(triangle), list(triangle + len(flat))
        for split in range(3):  # a prism is three tetrahedra; with sorted corners those of neighbours fit
            four = [*near[: split + 1], *far[split:]]
            if np.linalg.det(nodes[four[1:]] - nodes[four[0]]) < 0.0:
                four[2:] = four[:1:-1]
            tetrahedra.append(four)
            labels.append(label(*flat[triangle].mean(axis=0)))
    kinds = np.array(labels)
    config: dict[str, Any] = {
        **COMMON,
        **ENERGY,
        "node": nodes,
        "elem": np.array(tetrahedra) + 1,
        "elemprop": kinds,
        "unitinmm": MM / units,
        "prop": media(),
        "srctype": "disk",
        "srcpos": [VESSEL.edge / 2 * units, VESSEL.edge / 2 * units, sheet / 2 * units],
        "srcparam1": [VESSEL.beam_radius * units, 0, 0, 0],
        "e0": -1,
        "compute": "sse",
        "method": "elem",
        "basisorder": 0,
    }

    def run(photons: int, seed: int) -> Absorbed:
        stored = np.asarray(code.run({**config, "nphoton": photons, "seed": seed})["flux"], dtype=float).ravel()
        return {t.name: stored[kinds == kind].sum() / photons for kind, t in enumerate(TISSUES, 1)}

    return run


CODES = {"pmcxcl": pmcxcl, "pmmc": pmmc}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("code", choices=CODES)
    parser.add_argument("--photons", type=int, required=True)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--cores", type=int, nargs="+", required=True, help="numbers of the cores to run on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    os.sched_setaffinity(0, options.cores)
    for name in ("OMP_NUM_THREADS", "POCL_MAX_PTHREAD_COUNT", "POCL_CPU_MAX_CU_COUNT"):
        os.environ[name] = str(len(options.cores))
    run = CODES[options.code]()
    run(1000, options.seed)
    parts = []
    for part in range(options.parts):
        start = time.perf_counter()
        absorbed = run(options.photons, options.seed + part)
        parts.append({"seconds": time.perf_counter() - start, "absorbed": absorbed})
    options.out.write_text(json.dumps(parts))


if __name__ == "__main__":
    main()
