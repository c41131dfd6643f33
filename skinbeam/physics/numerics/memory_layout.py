"""Memory layout of packets, slabs, tallies and sums in processor kernels, and the compile options of these kernels."""

from numba import njit

__all__ = [
    "CELL_X",
    "CELL_Y",
    "COLUMNS_X",
    "COLUMNS_Y",
    "DEPTHS",
    "FASTMATH",
    "FIRST_DEPTH",
    "FREE",
    "HALF_X",
    "HALF_Y",
    "INDEX",
    "LANES",
    "MUA",
    "MUS",
    "NJIT_OPTIONS",
    "PACKET_FIELDS",
    "PART",
    "PARTS",
    "PER_CELL_X",
    "PER_CELL_Y",
    "PER_COLUMN_X",
    "PER_COLUMN_Y",
    "PER_DEPTH",
    "PER_RING",
    "PER_SPACE_RING",
    "P_BEFORE",
    "P_BIN",
    "P_DUE",
    "P_ENTRY",
    "P_FLUENCE",
    "P_FREE",
    "P_G",
    "P_MUA",
    "P_MUS",
    "P_PART",
    "P_PATH",
    "P_SLAB",
    "P_THICK",
    "P_TOP",
    "P_TURN",
    "P_UX",
    "P_UY",
    "P_UZ",
    "P_W",
    "P_X",
    "P_Y",
    "P_Z",
    "REFLECTED",
    "RINGS",
    "ROULETTE",
    "SIDES",
    "SIZE",
    "SPECULAR",
    "SPLITS",
    "SURFACE_WEIGHT",
    "TENTATIVE",
    "THICK",
    "TOP",
    "TRANSMITTED",
    "G",
    "njit_scalar",
    "njit_vectorised",
]

LANES = 128

# Rows of the array of packets: position, direction, weight, weight on entering the slab, path since then; of the slab 1
# / M, thickness, top and number; of the medium at the position μa, μs, g and part; of the last step the fluence, the
# weight before it, 1 - cos of the turn, whether scalar work for this lane is due, and the bin of the tally.
P_X, P_Y, P_Z, P_UX, P_UY, P_UZ, P_W, P_ENTRY, P_PATH = range(9)
P_FREE, P_THICK, P_TOP, P_SLAB, P_MUA, P_MUS, P_G, P_PART = range(9, 17)
P_FLUENCE, P_BEFORE, P_TURN, P_DUE, P_BIN = range(17, 22)
PACKET_FIELDS = 22
# Entries of the array `numbers` that describes tally and space, lengths in m: the tally's first depth, 1 / height and
# number of even depths (1 / height is 0 for uneven depths), 1 / width and number of rings, numbers and 1 / width of
# columns; width and 1 / width of the cell that repeats; half widths of the space, width of a voxel; whether packets
# carry the weight that the surface lets in, whether collisions are tentative, whether packets split at the outer faces
# above and below, and 1 / width of the rings of the space.
(
    FIRST_DEPTH, PER_DEPTH, DEPTHS, PER_RING, RINGS, COLUMNS_X, COLUMNS_Y, PER_COLUMN_X, PER_COLUMN_Y,
    CELL_X, CELL_Y, PER_CELL_X, PER_CELL_Y, HALF_X, HALF_Y, SIZE, SURFACE_WEIGHT, TENTATIVE, SPLITS, PER_SPACE_RING,
) = range(20)  # fmt: skip
# Rows of the table of slabs, which includes the media above and below.
FREE, THICK, TOP, INDEX, MUA, MUS, G, PART = range(8)
# Entries of the sums of a batch; the weight absorbed in each part and the path in each part follow.
REFLECTED, TRANSMITTED, SIDES, SPECULAR, ROULETTE, PARTS = range(6)

# Fast-math flags that preserve infinities, comparisons and the order of sums, on which the rounding of weights relies.
FASTMATH = {"contract", "arcp", "afn", "nsz"}
# The kernels allocate nothing, so reference counting by Numba is off: it took nine tenths of the time of a slab.
NJIT_OPTIONS: dict[str, str | bool] = {"error_model": "numpy", "nogil": True, "_nrt": False}
njit_vectorised = njit(fastmath=FASTMATH, forceinline=True, **NJIT_OPTIONS)
njit_scalar = njit(forceinline=True, **NJIT_OPTIONS)
