"""A receipt of no known document finds it once, and is sealed anew with its order; nothing else of it changes."""

from django.db import migrations

_FINDS = """
DROP TRIGGER customs_receipt_emptied ON customs_portreceipt;
CREATE TRIGGER customs_receipt_emptied BEFORE UPDATE ON customs_portreceipt
    FOR EACH ROW WHEN (NEW.raw_sealed <> OLD.raw_sealed
        AND (OLD.outcome <> 'unknown' OR NEW.filing_id IS NULL OR OLD.filing_id IS NOT NULL))
    EXECUTE FUNCTION customs_only_emptied();
CREATE FUNCTION customs_receipt_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a receipt is of the document that it was taken for' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER customs_receipt_found BEFORE UPDATE OF filing_id, outcome ON customs_portreceipt
    FOR EACH ROW WHEN ((NEW.filing_id IS DISTINCT FROM OLD.filing_id OR NEW.outcome <> OLD.outcome)
        AND (OLD.outcome <> 'unknown' OR OLD.filing_id IS NOT NULL OR NEW.filing_id IS NULL))
    EXECUTE FUNCTION customs_receipt_stays();
GRANT UPDATE (filing_id, outcome) ON customs_portreceipt TO worker
"""
_ALONE = """
REVOKE UPDATE (filing_id, outcome) ON customs_portreceipt FROM worker;
DROP TRIGGER customs_receipt_found ON customs_portreceipt;
DROP FUNCTION customs_receipt_stays();
DROP TRIGGER customs_receipt_emptied ON customs_portreceipt;
CREATE TRIGGER customs_receipt_emptied BEFORE UPDATE ON customs_portreceipt
    FOR EACH ROW WHEN (NEW.raw_sealed <> OLD.raw_sealed) EXECUTE FUNCTION customs_only_emptied()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('customs', '0004_payment_data_asked_for'),
    ]

    operations = [migrations.RunSQL(_FINDS, _ALONE)]
