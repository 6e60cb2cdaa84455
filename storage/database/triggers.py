"""Triggers by which the database itself refuses what nobody may do to a row. For migrations.

``act`` is DELETE or UPDATE. The first migration makes the function that PostgreSQL's triggers call; what was once
written here is part of every schema that was made with it, so it is never changed, only added to.
"""

from __future__ import annotations

from alembic import op


def refuse(act: str, table: str) -> None:
    """Refuse that act on every row of the table."""
    name = f"{table}_refuse_{act.lower()}"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed this way'); END"
        )


def allow(act: str, table: str) -> None:
    """Take back a refusal, for a migration that fills a new column and refuses again after it."""
    where = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    op.execute(f"DROP TRIGGER {table}_refuse_{act.lower()}{where}")
