"""What was agreed stays: an order's terms, rates and party, its payment and its sealed data, and its key until its day.

The key of an order goes before its day where the account is closed and nothing was paid. A paid order may end as
cancelled, and in no other way.
"""

from django.db import migrations

from kernel.append_only import no_change, no_delete

_TERMS = (
    "number", "storefront_id", "customer_id", "subject_id", "quote_id", "warehouse_id", "claim_id", "key_id",
    "trade_mode", "placed_at", "notice_hash", "notice_confirmed_at", "goods_fen", "freight_fen", "discount_fen", "duty_fen", "vat_fen", "excise_fen",
    "tax_fen", "total_fen", "usd_rate_id", "usd_cny_per_100", "brand_currency", "brand_rate_id", "brand_cny_per_100",
)
_PAYMENT = ("paid_at", "mchid", "out_trade_no", "transaction_id")
_SEALED = (
    "buyer_name_sealed", "buyer_number_sealed", "consignee_name_sealed", "consignee_phone_sealed",
    "consignee_street_sealed",
)


def _changed(columns: tuple[str, ...]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"ROW({new}) IS DISTINCT FROM ROW({old})"


# The owner, who could switch a trigger off, is not asked.
_FREEZE = f"""
CREATE TRIGGER orders_order_agreed BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    {_changed(_TERMS)}
    OR NEW.person_id IS NOT NULL AND NEW.person_id IS DISTINCT FROM OLD.person_id
    OR OLD.paid_at IS NOT NULL AND {_changed(_PAYMENT)}
    OR OLD.paid_at IS NOT NULL AND NEW.state <> OLD.state AND NEW.state <> 'cancelled'
    OR {" OR ".join(f"NEW.{column} <> OLD.{column} AND NEW.{column} <> ''" for column in _SEALED)}
)) EXECUTE FUNCTION compliance_refuse_change()
"""
# Emptying sealed columns takes what destroying the key takes; the orderer's may be replaced where what stood there has
# been put aside. The clock is the database's own, a day generous.
_KEEP = f"""
CREATE FUNCTION orders_keep_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.destroy_on > ((now() + interval '1 day') AT TIME ZONE 'Asia/Shanghai')::date
       AND EXISTS (SELECT FROM orders_order WHERE key_id = OLD.id AND paid_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the key of a paid order is kept until %', OLD.destroy_on
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.destroy_on > ((now() + interval '1 day') AT TIME ZONE 'Asia/Shanghai')::date AND EXISTS (
        SELECT FROM orders_order o JOIN compliance_subject s ON s.id = o.subject_id
        WHERE o.key_id = OLD.id AND s.erased_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the key of an order is kept while its account is open, until %', OLD.destroy_on
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_keep_key BEFORE UPDATE ON compliance_datakey
FOR EACH ROW WHEN (OLD.kind = 'order' AND OLD.destroyed_at IS NULL AND NEW.destroyed_at IS NOT NULL)
EXECUTE FUNCTION orders_keep_key();
CREATE FUNCTION orders_keep_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM compliance_datakey WHERE id = OLD.key_id AND destroyed_at IS NULL) AND NOT (
        NEW.buyer_name_sealed <> '' AND NEW.buyer_number_sealed <> ''
        AND NEW.consignee_name_sealed = OLD.consignee_name_sealed
        AND NEW.consignee_phone_sealed = OLD.consignee_phone_sealed
        AND NEW.consignee_street_sealed = OLD.consignee_street_sealed
        AND EXISTS (
            SELECT FROM orders_formerorderer f WHERE f.order_id = OLD.id
                AND f.replaced_hash = encode(sha256(OLD.buyer_name_sealed || OLD.buyer_number_sealed), 'hex'))
    ) THEN
        RAISE EXCEPTION 'sealed data of an order stays as long as its key' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_keep_sealed BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN ({_changed(_SEALED)}) EXECUTE FUNCTION orders_keep_sealed()
"""
_LET_GO = """
DROP TRIGGER orders_keep_sealed ON orders_order;
DROP FUNCTION orders_keep_sealed();
DROP TRIGGER orders_keep_key ON compliance_datakey;
DROP FUNCTION orders_keep_key()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0002_written_once'),
        ('orders', '0001_initial'),
    ]

    operations = [
        no_delete("orders_order"),
        no_change("orders_orderline"),
        migrations.RunSQL(_FREEZE, "DROP TRIGGER orders_order_agreed ON orders_order"),
        migrations.RunSQL(_KEEP, _LET_GO),
    ]
