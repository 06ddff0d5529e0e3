"""What was asked of a colleague stays as it was asked, and is decided once."""

from django.db import migrations

from kernel.append_only import no_delete, only_update

_ONCE = """
CREATE FUNCTION kernel_refuse_second_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is decided once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER kernel_approval_once BEFORE UPDATE ON kernel_approval
FOR EACH ROW WHEN (OLD.granted IS NOT NULL) EXECUTE FUNCTION kernel_refuse_second_decision()
"""
_NOT = """
DROP TRIGGER kernel_approval_once ON kernel_approval;
DROP FUNCTION kernel_refuse_second_decision()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0002_events_stay'),
    ]
    operations = [
        no_delete("kernel_approval"),
        only_update("kernel_approval", columns=("granted", "decided_by", "decided_at", "reason")),
        migrations.RunSQL(_ONCE, _NOT),
    ]
