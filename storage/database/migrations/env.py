"""What Alembic runs: migrations on the connection it was handed, inside that connection's transaction.

There is no offline mode and no alembic.ini; ``storage.database.connection`` builds the configuration.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from storage.database.tables import metadata

connection: sa.Connection = context.config.attributes["connection"]
# transactional_ddl: SQLite can undo its DDL as well, so a broken upgrade leaves the old schema, not half a new one.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
