"""A shipment of several parcels is labelled when no picked piece lies outside of them."""

from django.db import migrations

# Picked pieces are a box of inventory's (`box` is the parcel's key); the holder is the order's key.
WHOLE = """
CREATE FUNCTION logistics_refuse_left_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM inventory_reservation r JOIN inventory_pick p ON p.reservation_id = r.id
        WHERE r.holder = 'order:' || NEW.number AND p.box = '' AND p.shipped_at IS NULL
          AND p.put_back_at IS NULL
    ) AND EXISTS (SELECT FROM orders_order o WHERE o.id = NEW.order_id AND o.trade_mode = '0110') THEN
        RAISE EXCEPTION 'a picked piece lies in no parcel' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER logistics_shipment_whole BEFORE UPDATE OF state ON logistics_shipment FOR EACH ROW
    WHEN (NEW.state = 'labelled' AND OLD.state <> 'labelled') EXECUTE FUNCTION logistics_refuse_left_out()
"""
ANY = "DROP TRIGGER logistics_shipment_whole ON logistics_shipment; DROP FUNCTION logistics_refuse_left_out()"


class Migration(migrations.Migration):
    dependencies = [
        ('inventory', '0002_movements_make_balances'),
        ('logistics', '0003_shipping_info'),
    ]

    operations = [migrations.RunSQL(WHOLE, ANY)]
