"""A third narrow door: in the hold after payment an order goes to another address, whole, and nothing else of it changes.

What stood there is not put aside: nobody was told of it, and nothing asks for it.
"""

from django.db import migrations

_KEEP = """
CREATE OR REPLACE FUNCTION orders_keep_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM compliance_datakey WHERE id = OLD.key_id AND destroyed_at IS NULL) AND NOT (
        NEW.buyer_name_sealed <> '' AND NEW.buyer_number_sealed <> ''
        AND NEW.consignee_name_sealed = OLD.consignee_name_sealed
        AND NEW.consignee_phone_sealed = OLD.consignee_phone_sealed
        AND NEW.consignee_street_sealed = OLD.consignee_street_sealed
        AND EXISTS (
            SELECT FROM orders_formerorderer f WHERE f.order_id = OLD.id
                AND f.replaced_hash = encode(sha256(OLD.buyer_name_sealed || OLD.buyer_number_sealed), 'hex'))
    ){more} THEN
        RAISE EXCEPTION 'sealed data of an order stays as long as its key' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
_WHOLE = """ AND NOT (
        OLD.state = 'paid' AND OLD.gate = 'before_list'
        AND NEW.buyer_name_sealed = OLD.buyer_name_sealed AND NEW.buyer_number_sealed = OLD.buyer_number_sealed
        AND '' NOT IN (NEW.consignee_name_sealed, NEW.consignee_phone_sealed, NEW.consignee_street_sealed)
    )"""
_ARGUMENTS = "(text, bytea, bytea, bytea, text, bytea, bytea)"
# How long the hold is says the caller; here it is held that nothing of the order was begun.
_MEND = f"""
CREATE FUNCTION orders_mend_address(
    which text, name bytea, phone bytea, street bytea, division text, of_phone bytea, of_address bytea
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE o orders_order%ROWTYPE;
BEGIN
    SELECT * INTO o FROM orders_order WHERE number = which FOR NO KEY UPDATE;
    IF NOT FOUND OR o.state <> 'paid' OR o.gate <> 'before_list' OR division !~ '^[0-9]{{6}}$'
        OR '' IN (name, phone, street, of_phone, of_address)
        OR EXISTS (
            SELECT FROM inventory_reservation r
            WHERE r.holder = 'order:' || which AND r.state IN ('picked', 'shipped'))
    THEN
        RAISE EXCEPTION 'the address of order % stays', which USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE orders_order SET consignee_name_sealed = name, consignee_phone_sealed = phone,
        consignee_street_sealed = street, division_code = division, phone_index = of_phone,
        address_index = of_address
        WHERE id = o.id;
END $$;
REVOKE ALL ON FUNCTION orders_mend_address{_ARGUMENTS} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION orders_mend_address{_ARGUMENTS} TO web, worker
"""


class Migration(migrations.Migration):
    dependencies = [
        ('inventory', '0001_initial'),
        ('orders', '0004_doors'),
    ]

    operations = [
        migrations.RunSQL(_KEEP.format(more=_WHOLE), _KEEP.format(more="")),
        migrations.RunSQL(_MEND, f"DROP FUNCTION orders_mend_address{_ARGUMENTS}"),
    ]
