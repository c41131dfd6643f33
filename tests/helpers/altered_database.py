"""Change a database of records as somebody does who owns it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from skinbeam_clinic.database.connection import Database


def unguarded(database: Database, change: Callable[[Connection], Any]) -> None:
    """What somebody does who owns the database: without its triggers and its rules."""
    try:
        with database.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                for name in ("trail_no_update", "trail_no_delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            else:
                connection.exec_driver_sql("SET session_replication_role = replica")
            change(connection)
            connection.exec_driver_sql("COMMIT")
    finally:
        database.engine.dispose()


def run(statement: str) -> Callable[[Connection], Any]:
    return lambda connection: connection.execute(text(statement))
