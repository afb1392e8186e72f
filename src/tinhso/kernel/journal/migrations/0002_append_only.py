"""Events and seals are never changed or removed; whoever listens hears of new events."""

from typing import ClassVar

from django.db import migrations

KEEP = """
CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER journal_event_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_event
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();
CREATE TRIGGER journal_seal_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_seal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse();
CREATE FUNCTION journal_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('journal', '');
    RETURN NULL;
END $$;
CREATE TRIGGER journal_event_wakes AFTER INSERT ON journal_event
    FOR EACH STATEMENT EXECUTE FUNCTION journal_wake();
"""
LET_GO = """
DROP TRIGGER journal_event_wakes ON journal_event;
DROP TRIGGER journal_seal_kept ON journal_seal;
DROP TRIGGER journal_event_kept ON journal_event;
DROP FUNCTION journal_wake();
DROP FUNCTION journal_refuse();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("journal", "0001_initial")]
    operations: ClassVar = [migrations.RunSQL(KEEP, LET_GO)]
