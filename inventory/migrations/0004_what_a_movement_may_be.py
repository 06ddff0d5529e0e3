"""What a movement may be is refused by the trigger that moves: no piece that is promised goes but by its own
shipment, or what broke in a packer's hands and lacks already.

A check of the table is read anew by every statement that writes a row, which cost a reservation more than writing
it. The same holds for the guard of a stock's balances, which compares nothing where a movement changes them."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

# As it was made: the function alone, without its trigger.
_made = import_module('inventory.migrations.0002_movements_make_balances').MOVE
MOVE_BEFORE = _made[: _made.index('REVOKE')].replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION', 1)

# Of a stock as much as is promised stays, less what lacks: what was picked, broke and is in nobody's hands.
MOVE = """
CREATE OR REPLACE FUNCTION inventory_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE until date;
BEGIN
    IF NEW.lot_id IS NOT NULL THEN
        IF NEW.kind IN ('reserve', 'release') THEN
            RAISE EXCEPTION 'what is held is held of a stock and of no lot'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_lot';
        ELSIF NEW.on_hand = 0 AND NEW.picked = 0 AND NEW.quarantined = 0 AND NEW.reserved = 0 THEN
            RAISE EXCEPTION 'the movement moves nothing'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_moves';
        END IF;
        UPDATE inventory_lot SET on_hand = on_hand + NEW.on_hand, picked = picked + NEW.picked,
               quarantined = quarantined + NEW.quarantined
        WHERE id = NEW.lot_id AND stock_id = NEW.stock_id RETURNING unsellable_from INTO until;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no such lot of this stock' USING ERRCODE = 'foreign_key_violation';
        END IF;
        UPDATE inventory_stock SET on_hand = on_hand + NEW.on_hand, reserved = reserved + NEW.reserved,
               quarantined = quarantined + NEW.quarantined, floor_on = least(floor_on, until)
        WHERE id = NEW.stock_id AND storefront_id = NEW.storefront_id
          AND (NEW.on_hand >= 0 OR on_hand + NEW.on_hand >= reserved + NEW.reserved
               OR on_hand + NEW.on_hand >= reserved + NEW.reserved - (
                   SELECT coalesce(sum(r.quantity - coalesce(h.pieces, 0)), 0)
                   FROM inventory_reservation r LEFT JOIN LATERAL (
                       SELECT sum(p.quantity) AS pieces FROM inventory_pick p
                       WHERE p.reservation_id = r.id AND p.put_back_at IS NULL
                   ) h ON true
                   WHERE r.stock_id = NEW.stock_id AND r.state = 'picked'));
    ELSE
        IF NEW.kind NOT IN ('reserve', 'release')
           OR NEW.on_hand <> 0 OR NEW.picked <> 0 OR NEW.quarantined <> 0 THEN
            RAISE EXCEPTION 'without a lot nothing is moved but what is held'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_lot';
        ELSIF NEW.reserved = 0 THEN
            RAISE EXCEPTION 'the movement moves nothing'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_moves';
        END IF;
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
GUARD = """
CREATE FUNCTION inventory_keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.on_hand <> OLD.on_hand OR NEW.reserved <> OLD.reserved OR NEW.quarantined <> OLD.quarantined)
       AND current_setting('inventory.repair', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION 'a balance changes by a movement only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER inventory_stock_balance ON inventory_stock;
CREATE TRIGGER inventory_stock_balance BEFORE UPDATE OF on_hand, reserved, quarantined ON inventory_stock
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION inventory_keep_balance()
"""
GUARD_BEFORE = """
DROP TRIGGER inventory_stock_balance ON inventory_stock;
DROP FUNCTION inventory_keep_balance();
CREATE TRIGGER inventory_stock_balance BEFORE UPDATE OF on_hand, reserved, quarantined ON inventory_stock
    FOR EACH ROW WHEN (
        (NEW.on_hand <> OLD.on_hand OR NEW.reserved <> OLD.reserved OR NEW.quarantined <> OLD.quarantined)
        AND pg_trigger_depth() = 0
        AND current_setting('inventory.repair', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION inventory_refuse_balance()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('inventory', '0003_walls'),
    ]

    operations = [
        migrations.RunSQL(MOVE, MOVE_BEFORE),
        migrations.RunSQL(GUARD, GUARD_BEFORE),
        migrations.RemoveConstraint(model_name='stock', name='stock_never_oversold'),
        migrations.RemoveConstraint(model_name='movement', name='movement_lot'),
        migrations.RemoveConstraint(model_name='movement', name='movement_moves'),
    ]
