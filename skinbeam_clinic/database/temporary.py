"""Open a new database in a folder that is removed later; the key of its records is in this program's memory alone."""

from pathlib import Path

from sqlalchemy import event

from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database

__all__ = ["open_temporary_database"]


def open_temporary_database(folder: Path) -> Database:
    """Open a new database in an empty folder; it does not wait for the disk: nothing of it outlives the program."""
    environment = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(folder / "files")}
    address = str(folder / "clinic.sqlite")
    upgrade_database(address, environment)
    database = open_database(address, environment)
    database.engine.dispose()  # the connections to come are set up as follows
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return database
