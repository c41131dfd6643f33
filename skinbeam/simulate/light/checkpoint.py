"""Save a Monte Carlo run to disk, so that an interrupted run can continue."""

import hashlib
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np

from skinbeam._version import __version__
from skinbeam.model.atomic_files import temporary_path
from skinbeam.model.document import unwritable_error
from skinbeam.model.errors import InputError
from skinbeam.physics.light.photon_scene import LightTally, PhotonScene
from skinbeam.simulate.light.batches import BatchTallies

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: Path, tallies: BatchTallies, scene: PhotonScene, tally: LightTally, seed: int, device: str
) -> None:
    """Write the run to `path` atomically.

    Raises
    ------
    InputError : the file cannot be written.
    """
    run = np.array(_run_hash(scene, tally, seed, device))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_path(path) as partial:
            with partial.open("xb") as file:  # given a name, numpy would append another suffix
                np.savez(file, allow_pickle=False, run=run, **tallies.state())
            partial.replace(path)
    except OSError as error:
        raise unwritable_error(path, error, field="checkpoint") from None


def load_checkpoint(path: Path, scene: PhotonScene, tally: LightTally, seed: int, device: str) -> BatchTallies | None:
    """Return the tallies at `path`, or None where there is no file yet.

    Raises
    ------
    InputError : the file is of another run, or no checkpoint.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as record:
            run = str(record["run"])
            tallies = BatchTallies.from_state({name: record[name] for name in record.files if name != "run"})
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        raise _checkpoint_error("not-a-checkpoint", path, "is no checkpoint, or a broken one") from None
    if run != _run_hash(scene, tally, seed, device):
        raise _checkpoint_error("other-checkpoint", path, "is of other input, another seed, device or version")
    return tallies


def _run_hash(scene: PhotonScene, tally: LightTally, seed: int, device: str) -> str:
    """Return the hash of all inputs of a run except its length."""
    digest = hashlib.sha256(f"{__version__} {seed} {device}".encode())
    for part in (scene, tally):
        for field in fields(part):
            values = np.ascontiguousarray(getattr(part, field.name))
            digest.update(f"{field.name} {values.dtype} {values.shape}".encode() + values.tobytes())
    return digest.hexdigest()


def _checkpoint_error(code: str, path: Path, description: str) -> InputError:
    return InputError(
        code,
        f'"{path.name}" {description}',
        field="checkpoint",
        hint="Name a new file, or delete this one to begin again.",
    )
