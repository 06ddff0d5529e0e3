"""Judgements, allowance entries and access rows are evidence: the database itself refuses to change one."""

from django.db import migrations

_REFUSE = """
CREATE FUNCTION compliance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once and never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
_TABLES = ("compliance_judgement", "compliance_allowanceentry", "compliance_access")


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_initial")]

    operations = [
        migrations.RunSQL(_REFUSE, "DROP FUNCTION compliance_refuse_change()"),
        *[
            migrations.RunSQL(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION compliance_refuse_change()",
                f"DROP TRIGGER {table}_append_only ON {table}",
            )
            for table in _TABLES
        ],
    ]
