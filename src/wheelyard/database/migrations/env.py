"""What Alembic runs: the steps, in the transaction that `migrate.upgrade` has opened."""

from alembic import context

from wheelyard.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
