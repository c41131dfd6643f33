"""Write Zarr stores atomically: a store appears complete at its path, or not at all."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.document import unwritable_error
from skinbeam.model.errors import InputError

__all__ = ["consolidate_metadata", "create_store"]


@contextmanager
def create_store(path: Path) -> Iterator[Path]:
    """Yield a folder to write a store into, and move it to `path` if the block succeeds; an older store is replaced.

    Raises
    ------
    InputError : something that is not a Zarr store exists at `path`, or the folder cannot be written.
    """
    try:
        is_taken = (path.exists() or path.is_symlink()) and not (path / "zarr.json").is_file()
    except OSError as error:  # of a name that is too long, and of a folder that nobody may read
        raise unwritable_error(path, error) from None
    if is_taken:
        raise _store_error("not-a-store", f'"{path.name}" exists and is not a Zarr store')
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(work_folder(path.parent, path.name))
            store = folder / "new.zarr"
            yield store
            consolidate_metadata(store)
        except OSError as error:
            raise unwritable_error(path, error) from None
        try:
            if path.exists():
                path.rename(folder / "old.zarr")
            store.rename(path)
        except OSError:
            raise _store_error("store-taken", f'"{path.name}" was written by another run at the same time') from None


def consolidate_metadata(store: Path) -> None:
    """Write consolidated metadata for all arrays of a store; xarray warns about a store without them.

    Consolidated metadata are not yet part of version 3 of the format, about which Zarr warns for each array; readers
    that do not know them ignore them.
    """
    import zarr
    from zarr.errors import ZarrUserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)
        zarr.consolidate_metadata(store)


def _store_error(code: str, message: str) -> InputError:
    return InputError(code, message, field="output", hint="The name of a new or an older .zarr folder.")
