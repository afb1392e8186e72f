"""A published case type is never changed: running cases stand on it."""

from typing import ClassVar

from django.db import migrations

KEEP = """
CREATE FUNCTION cases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published case type is immutable: publish a new version'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER cases_typeversion_kept BEFORE UPDATE OR DELETE ON cases_typeversion
    FOR EACH ROW EXECUTE FUNCTION cases_refuse();
"""
LET_GO = """
DROP TRIGGER cases_typeversion_kept ON cases_typeversion;
DROP FUNCTION cases_refuse();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0001_initial"), ("journal", "0002_append_only")]
    operations: ClassVar = [migrations.RunSQL(KEEP, LET_GO)]
