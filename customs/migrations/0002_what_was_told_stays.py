"""What customs was told and what it answered stays as it was; what is sealed is emptied once its key is destroyed."""

from django.db import migrations

from kernel.append_only import no_delete, only_update

_EMPTIED = """
CREATE FUNCTION customs_only_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own bigint; content bytea;
BEGIN
    IF TG_TABLE_NAME = 'customs_filing' THEN
        own := NEW.id; content := NEW.body_sealed;
    ELSE
        own := NEW.filing_id; content := NEW.raw_sealed;
    END IF;
    IF content <> '' OR NOT EXISTS (
        SELECT FROM customs_filing f JOIN customs_declaration d ON d.id = f.declaration_id
        JOIN orders_order o ON o.id = d.order_id JOIN compliance_datakey k ON k.id = o.key_id
        WHERE f.id = own AND k.destroyed_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'what customs was told stays until the key of its order is destroyed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customs_filing_emptied BEFORE UPDATE ON customs_filing
    FOR EACH ROW WHEN (NEW.body_sealed <> OLD.body_sealed) EXECUTE FUNCTION customs_only_emptied();
CREATE TRIGGER customs_receipt_emptied BEFORE UPDATE ON customs_portreceipt
    FOR EACH ROW WHEN (NEW.raw_sealed <> OLD.raw_sealed) EXECUTE FUNCTION customs_only_emptied()
"""
_BACK = """
DROP TRIGGER customs_receipt_emptied ON customs_portreceipt;
DROP TRIGGER customs_filing_emptied ON customs_filing;
DROP FUNCTION customs_only_emptied()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('customs', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(_EMPTIED, _BACK),
        no_delete("customs_declaration"),
        no_delete("customs_filing"),
        only_update(
            "customs_filing",
            columns=[
                "message_id",
                "position",
                "status",
                "told_at",
                "sent_at",
                "superseded",
                "body_sealed",
            ],
        ),
        no_delete("customs_portmessage"),
        only_update(
            "customs_portmessage",
            columns=["before", "after", "digest", "sent_at", "next_try_at", "tries", "error"],
        ),
        no_delete("customs_portreceipt"),
        only_update("customs_portreceipt", columns=["raw_sealed"]),
        no_delete("customs_portaccount"),
        no_delete("customs_taxsheet"),
        only_update(
            "customs_taxsheet",
            columns=["status", "duty_no", "told_at", "duty_fen", "vat_fen", "excise_fen"],
        ),
    ]
