"""Evidence and logs are written once: the database itself refuses to change a row, and those who serve remove none.

A judgement alone may forget whom it was about. It is a few kilobytes and mostly sealed: it stays in its row,
neither squeezed nor put aside.
"""

from django.db import migrations

from kernel.append_only import no_change

_REFUSE = """
CREATE FUNCTION compliance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once and never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
_LOGS = ("access", "disclosure", "chainlink", "noticeseen", "allowanceentry", "incidentaffected")
_ANONYMOUS = (
    " WHEN (NEW.subject_id IS NOT NULL"
    " OR to_jsonb(NEW) - 'subject_id' IS DISTINCT FROM to_jsonb(OLD) - 'subject_id')"
)


def _written_once(table: str, but: str = "") -> tuple[migrations.RunSQL, migrations.RunSQL]:
    name = f"compliance_{table}"
    return no_change(name), migrations.RunSQL(
        f"CREATE TRIGGER {name}_append_only BEFORE UPDATE ON {name}"
        f" FOR EACH ROW{but} EXECUTE FUNCTION compliance_refuse_change()",
        f"DROP TRIGGER {name}_append_only ON {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(_REFUSE, "DROP FUNCTION compliance_refuse_change()"),
        *(operation for table in _LOGS for operation in _written_once(table)),
        *_written_once("judgement", but=_ANONYMOUS),
        no_change("compliance_impactassessment"),
        migrations.RunSQL(
            "ALTER TABLE compliance_judgement SET (toast_tuple_target = 8160)",
            "ALTER TABLE compliance_judgement RESET (toast_tuple_target)",
        ),
    ]
