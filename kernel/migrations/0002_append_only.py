"""Events are facts: the database refuses to change one. (Removing is left to the owner's retention jobs.)"""

from django.db import migrations

CREATE = """
CREATE FUNCTION kernel_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER kernel_event_append_only BEFORE UPDATE ON kernel_event
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_update();
"""
DROP = "DROP TRIGGER kernel_event_append_only ON kernel_event; DROP FUNCTION kernel_refuse_update();"


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
