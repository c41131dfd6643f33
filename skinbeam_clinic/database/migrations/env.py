"""Runs migrations in the transaction that the caller has begun; Alembic loads this file by its name."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
