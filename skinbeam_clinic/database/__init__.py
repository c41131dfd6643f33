"""Storage of the records: tables, encryption, transactions with audit log, file store, migrations and backup."""
