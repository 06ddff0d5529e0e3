"""A judgement stays as it was written, but for whom it was about: that may be forgotten, never changed."""

from django.db import migrations

_DROP = "DROP TRIGGER compliance_judgement_append_only ON compliance_judgement;"
_ALWAYS = (
    _DROP + "CREATE TRIGGER compliance_judgement_append_only BEFORE UPDATE ON compliance_judgement"
    " FOR EACH ROW EXECUTE FUNCTION compliance_refuse_change()"
)
_BUT_SUBJECT = (
    _DROP + "CREATE TRIGGER compliance_judgement_append_only BEFORE UPDATE ON compliance_judgement"
    " FOR EACH ROW WHEN (NEW.subject_id IS NOT NULL"
    " OR to_jsonb(NEW) - 'subject_id' IS DISTINCT FROM to_jsonb(OLD) - 'subject_id')"
    " EXECUTE FUNCTION compliance_refuse_change()"
)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0015_rotation_is_the_owners")]

    operations = [migrations.RunSQL(_BUT_SUBJECT, _ALWAYS)]
