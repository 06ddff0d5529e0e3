"""Those who serve choose no number in a chained log, and remove neither a key nor what proves a consent.

A log's chain goes on behind the greatest number that has settled: a row that chose one far above would end it.
"""

from django.db import migrations

from kernel.append_only import forgetting, no_delete, no_number, only_update

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


class Migration(migrations.Migration):
    dependencies = [("compliance", "0013_judgement_in_its_row")]

    operations = [
        no_number(
            "compliance_access", columns=("storefront_id", "who", "what", "ref", "purpose", "at")
        ),
        no_number(
            "compliance_disclosure",
            columns=(
                "public_id", "storefront_id", "subject_id", "order_number", "recipient_kind", "recipient",
                "country", "purpose", "basis", "fields", "at",
            ),
        ),
        *[
            no_delete(f"compliance_{table}")
            for table in ("datakey", "consent", "incident", "incidentnotice")
        ],
        only_update("compliance_consent", columns=("withdrawn_at",)),
        only_update("compliance_datakey", columns=("wrapped", "master_key_id", "destroyed_at")),
        # Rotation is the owner's or a worker's; the web only destroys.
        migrations.RunSQL(
            "REVOKE UPDATE (master_key_id) ON compliance_datakey FROM web",
            "GRANT UPDATE (master_key_id) ON compliance_datakey TO web",
        ),
        forgetting("compliance_consent", column="withdrawn_at", years=3),
        migrations.RunSQL(_ONCE, "DROP TRIGGER compliance_consent_withdrawn ON compliance_consent"),
        migrations.RunSQL(_KEY, "DROP TRIGGER compliance_datakey_whole ON compliance_datakey"),
        migrations.RunSQL(_INCIDENT, "DROP TRIGGER compliance_incident_told ON compliance_incident"),
    ]
