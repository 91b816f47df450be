"""Audit rows are only added: triggers of the database hold it, and indexes find what an administrator asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OTHER = sa.text("act <> 'submission.receive'")
_INDEXES = {
    "ix_audit_other_id": ["id"],
    "ix_audit_other_act": ["act", "id"],
    "ix_audit_other_actor": ["actor", "id"],
    "ix_audit_other_record": ["record", "id"],
}

# What may be done to a row: its detail taken away, where a household's deletion was asked for; the row deleted
# after 12 months. Both by the database's own clock and whatever program asks.
_SQLITE = (
    """
    CREATE TRIGGER audit_only_grows BEFORE UPDATE ON audit
    WHEN NOT (
      NEW.detail IS NULL AND NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.actor = OLD.actor AND NEW.act = OLD.act
      AND NEW.record IS OLD.record AND NEW.address IS OLD.address
    )
    BEGIN SELECT RAISE(ABORT, 'audit: rows are only added'); END
    """,
    """
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
    WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-12 months')
    BEGIN SELECT RAISE(ABORT, 'audit: rows are kept for 12 months'); END
    """,
)
_POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.detail IS NULL AND NEW.id = OLD.id AND NEW.at = OLD.at
         AND NEW.actor = OLD.actor AND NEW.act = OLD.act AND NEW.record IS NOT DISTINCT FROM OLD.record
         AND NEW.address IS NOT DISTINCT FROM OLD.address THEN
        RETURN NEW;
      END IF;
      IF TG_OP = 'DELETE' AND OLD.at <= now() - interval '12 months' THEN
        RETURN OLD;
      END IF;
      RAISE EXCEPTION 'audit: rows are only added, and kept for 12 months';
    END $$
    """,
    "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_grows()",
    "CREATE TRIGGER audit_is_kept BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
)


def upgrade() -> None:
    op.create_index("ix_audit_at", "audit", ["at"])
    for name, columns in _INDEXES.items():
        op.create_index(name, "audit", columns, postgresql_where=_OTHER, sqlite_where=_OTHER)
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_is_kept")
        op.execute("DROP TRIGGER audit_only_grows")
    else:
        op.execute("DROP TRIGGER audit_is_kept ON audit")
        op.execute("DROP TRIGGER audit_only_grows ON audit")
        op.execute("DROP FUNCTION audit_only_grows()")
    for name in reversed(_INDEXES):
        op.drop_index(name, "audit")
    op.drop_index("ix_audit_at", "audit")
