"""Those who serve remove no key and no evidence, and change of a row nothing but what happens to it.

They make keys and destroy them. The database cannot tell whether what a rotation of the master key writes opens the
same key, so nobody who serves may rotate. A consent is withdrawn once, a notice of an incident is told once.
"""

from django.db import migrations

from kernel.append_only import no_delete, only_update

_STAYING = (
    "datakey", "consent", "incident", "incidentnotice", "tariffline", "payercheck", "allowanceaccount",
)
_CHANGING = {
    "datakey": ("wrapped", "destroyed_at"),
    "consent": ("withdrawn_at",),
    # What was drafted is said so, or drafted anew as the next version.
    "incidentnotice": ("sent_at", "sent_by", "channel"),
    "payercheck": ("state", "asked_at", "answered_at", "deadline_at"),
    "allowanceaccount": ("reserved", "used"),
}
_ONCE = """
CREATE TRIGGER compliance_consent_withdrawn BEFORE UPDATE ON compliance_consent
FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL) EXECUTE FUNCTION compliance_refuse_change()
"""
# A wrapped key changes with its master key (rotation) or goes for good; it never comes back.
_KEY = """
CREATE TRIGGER compliance_datakey_whole BEFORE UPDATE ON compliance_datakey
FOR EACH ROW WHEN (
    OLD.destroyed_at IS NOT NULL
    OR NEW.destroyed_at IS NULL AND NEW.wrapped <> OLD.wrapped AND NEW.master_key_id = OLD.master_key_id
) EXECUTE FUNCTION compliance_refuse_change()
"""
_INCIDENT = """
CREATE TRIGGER compliance_incident_told BEFORE UPDATE ON compliance_incident
FOR EACH ROW WHEN (
    NEW.number <> OLD.number OR NEW.detected_at <> OLD.detected_at
    OR OLD.authority_told_at IS NOT NULL AND NEW.authority_told_at IS DISTINCT FROM OLD.authority_told_at
    OR OLD.persons_told_at IS NOT NULL AND NEW.persons_told_at IS DISTINCT FROM OLD.persons_told_at
    OR OLD.final_told_at IS NOT NULL AND NEW.final_told_at IS DISTINCT FROM OLD.final_told_at
) EXECUTE FUNCTION compliance_refuse_change()
"""
# A draft is told once; its words never change.
_TOLD = """
CREATE TRIGGER compliance_incidentnotice_told BEFORE UPDATE ON compliance_incidentnotice
FOR EACH ROW WHEN (OLD.sent_at IS NOT NULL OR OLD.zh <> NEW.zh OR OLD.en <> NEW.en)
EXECUTE FUNCTION compliance_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0003_chain'),
    ]

    operations = [
        *(no_delete(f"compliance_{table}") for table in _STAYING),
        *(only_update(f"compliance_{table}", columns=columns) for table, columns in _CHANGING.items()),
        migrations.RunSQL(_ONCE, "DROP TRIGGER compliance_consent_withdrawn ON compliance_consent"),
        migrations.RunSQL(_KEY, "DROP TRIGGER compliance_datakey_whole ON compliance_datakey"),
        migrations.RunSQL(_INCIDENT, "DROP TRIGGER compliance_incident_told ON compliance_incident"),
        migrations.RunSQL(_TOLD, "DROP TRIGGER compliance_incidentnotice_told ON compliance_incidentnotice"),
    ]
