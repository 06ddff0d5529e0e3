"""A reservation is refused where the newest version of its stock is stopped, or too near its end."""

from django.db import migrations

_JUDGED = """
CREATE OR REPLACE FUNCTION inventory_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE until date;
BEGIN
    IF NEW.lot_id IS NOT NULL THEN
        UPDATE inventory_lot SET on_hand = on_hand + NEW.on_hand, picked = picked + NEW.picked,
               quarantined = quarantined + NEW.quarantined
        WHERE id = NEW.lot_id AND stock_id = NEW.stock_id RETURNING unsellable_from INTO until;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no such lot of this stock' USING ERRCODE = 'foreign_key_violation';
        END IF;
        UPDATE inventory_stock SET on_hand = on_hand + NEW.on_hand, reserved = reserved + NEW.reserved,
               quarantined = quarantined + NEW.quarantined, floor_on = least(floor_on, until)
        WHERE id = NEW.stock_id AND storefront_id = NEW.storefront_id;
    ELSE
        UPDATE inventory_stock SET reserved = reserved + NEW.reserved
        WHERE id = NEW.stock_id AND storefront_id = NEW.storefront_id
          AND (NEW.reserved <= 0 OR on_hand - reserved - quarantined >= NEW.reserved
               AND NOT stopped
               AND coalesce(floor_on > (NEW.at AT TIME ZONE 'Asia/Shanghai')::date, true));
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the movement has no stock, or not enough is available'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""
_BEFORE = """
CREATE OR REPLACE FUNCTION inventory_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE until date;
BEGIN
    IF NEW.lot_id IS NOT NULL THEN
        UPDATE inventory_lot SET on_hand = on_hand + NEW.on_hand, picked = picked + NEW.picked,
               quarantined = quarantined + NEW.quarantined
        WHERE id = NEW.lot_id AND stock_id = NEW.stock_id RETURNING unsellable_from INTO until;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no such lot of this stock' USING ERRCODE = 'foreign_key_violation';
        END IF;
        UPDATE inventory_stock SET on_hand = on_hand + NEW.on_hand, reserved = reserved + NEW.reserved,
               quarantined = quarantined + NEW.quarantined, floor_on = least(floor_on, until)
        WHERE id = NEW.stock_id AND storefront_id = NEW.storefront_id;
    ELSE
        UPDATE inventory_stock SET reserved = reserved + NEW.reserved
        WHERE id = NEW.stock_id AND storefront_id = NEW.storefront_id
          AND (NEW.reserved <= 0 OR on_hand - reserved - quarantined >= NEW.reserved);
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the movement has no stock, or not enough is available'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_movements_across_the_fence")]

    operations = [migrations.RunSQL(_JUDGED, _BEFORE)]
