"""Zarr stores that appear whole or not at all."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.errors import InputError

__all__ = ["consolidate_metadata", "create_store"]


@contextmanager
def create_store(path: Path) -> Iterator[Path]:
    """Give a folder to write a store into, and put it at `path` when the block ends well; an older store is replaced.

    Raises
    ------
    InputError : something that is not a Zarr store stands at `path`, or the folder cannot be written.
    """
    if path.exists() and not (path / "zarr.json").is_file():
        raise _store_error("not-a-store", f'"{path.name}" exists and is not a Zarr store')
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(work_folder(path.parent, path.name))
        except OSError as error:
            raise _store_error("unwritable", f'"{path.name}" cannot be written: {error.strerror}') from None
        store = folder / "new.zarr"
        yield store
        consolidate_metadata(store)
        try:
            if path.exists():
                path.rename(folder / "old.zarr")
            store.rename(path)
        except OSError:
            raise _store_error("store-taken", f'"{path.name}" was written by another run at the same time') from None


def consolidate_metadata(store: Path) -> None:
    """List all arrays in one place, where readers look first; xarray warns of a store without such a list.

    The list is no part of the third format yet, which Zarr says at each; readers that do not know it leave it aside.
    """
    import zarr
    from zarr.errors import ZarrUserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)
        zarr.consolidate_metadata(store)


def _store_error(code: str, message: str) -> InputError:
    return InputError(code, message, field="-o", hint="The name of a new or an older .zarr folder.")
