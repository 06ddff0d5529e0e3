"""A movement alone changes a balance, no movement changes or goes, and no more is reserved than is available."""

from django.db import migrations

from kernel.append_only import no_change, no_delete, only_update

# One row at a time: an order has few lines, and each is two updates by key. A reservation is refused here
# too where less is available, or its sale was stopped or ended, whoever asks.
MOVE = """
CREATE FUNCTION inventory_move() RETURNS trigger
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
END $$;
REVOKE ALL ON FUNCTION inventory_move() FROM PUBLIC;
CREATE TRIGGER inventory_movement_moves AFTER INSERT ON inventory_movement
    FOR EACH ROW EXECUTE FUNCTION inventory_move();

CREATE FUNCTION inventory_refuse_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a balance changes by a movement only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER inventory_stock_begins BEFORE INSERT ON inventory_stock FOR EACH ROW
    WHEN (NEW.on_hand <> 0 OR NEW.reserved <> 0 OR NEW.quarantined <> 0)
    EXECUTE FUNCTION inventory_refuse_balance();
CREATE TRIGGER inventory_lot_begins BEFORE INSERT ON inventory_lot FOR EACH ROW
    WHEN (NEW.on_hand <> 0 OR NEW.picked <> 0 OR NEW.quarantined <> 0)
    EXECUTE FUNCTION inventory_refuse_balance();
CREATE TRIGGER inventory_stock_balance BEFORE UPDATE OF on_hand, reserved, quarantined ON inventory_stock
    FOR EACH ROW WHEN (
        (NEW.on_hand <> OLD.on_hand OR NEW.reserved <> OLD.reserved OR NEW.quarantined <> OLD.quarantined)
        AND pg_trigger_depth() = 0
        AND current_setting('inventory.repair', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION inventory_refuse_balance();
CREATE TRIGGER inventory_lot_balance BEFORE UPDATE OF on_hand, picked, quarantined ON inventory_lot
    FOR EACH ROW WHEN (
        (NEW.on_hand <> OLD.on_hand OR NEW.picked <> OLD.picked OR NEW.quarantined <> OLD.quarantined)
        AND pg_trigger_depth() = 0
        AND current_setting('inventory.repair', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION inventory_refuse_balance()
"""

STILL = """
DROP TRIGGER inventory_lot_balance ON inventory_lot;
DROP TRIGGER inventory_stock_balance ON inventory_stock;
DROP TRIGGER inventory_lot_begins ON inventory_lot;
DROP TRIGGER inventory_stock_begins ON inventory_stock;
DROP FUNCTION inventory_refuse_balance();
DROP TRIGGER inventory_movement_moves ON inventory_movement;
DROP FUNCTION inventory_move()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('inventory', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(MOVE, STILL),
        no_change("inventory_movement"),
        no_delete("inventory_stock"),
        no_delete("inventory_lot"),
        no_delete("inventory_reservation"),
        no_delete("inventory_pick"),
        only_update("inventory_stock", columns=["stopped", "floor_on"]),
        only_update(
            "inventory_lot",
            columns=[
                "code",
                "produced_on",
                "expires_on",
                "inbound_list",
                "stopped",
                "unsellable_from",
                "near_from",
            ],
        ),
    ]
