"""A case stays where it was put: nobody who serves removes it or rewrites what it tells, and it is settled once.

It may be seen again after that: who counted the sighting had found it open.
"""

from django.db import migrations

from kernel.append_only import no_delete, only_update

_ONCE = """
CREATE FUNCTION kernel_refuse_resettling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a case is settled once' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER kernel_case_once BEFORE UPDATE ON kernel_case
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND OLD.state = 'settled' AND
    ROW(NEW.state, NEW.settled_at, NEW.settled_by, NEW.note)
    IS DISTINCT FROM ROW(OLD.state, OLD.settled_at, OLD.settled_by, OLD.note)
) EXECUTE FUNCTION kernel_refuse_resettling()
"""
_NOT = "DROP TRIGGER kernel_case_once ON kernel_case; DROP FUNCTION kernel_refuse_resettling()"


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0004_receipts_stay'),
    ]

    operations = [
        no_delete("kernel_case"),
        only_update("kernel_case", columns=("state", "seen", "settled_at", "settled_by", "note")),
        migrations.RunSQL(_ONCE, _NOT),
    ]
