"""Events are facts: the database refuses to change one, and those who serve remove none.

Removing is left to the owner's retention jobs.
"""

from django.db import migrations

from kernel.append_only import no_change

_STAY = """
CREATE FUNCTION kernel_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER kernel_event_append_only BEFORE UPDATE ON kernel_event
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_update()
"""
_LET_GO = "DROP TRIGGER kernel_event_append_only ON kernel_event; DROP FUNCTION kernel_refuse_update()"


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(_STAY, _LET_GO),
        no_change("kernel_event"),
    ]
