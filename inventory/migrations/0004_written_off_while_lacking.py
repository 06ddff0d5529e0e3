"""No piece that is promised goes but by its own shipment, or what broke in a packer's hands and lacks already."""

from django.db import migrations

# Of a stock as much as is promised stays, less what lacks: what was picked, broke and is in nobody's hands.
GUARDED = """
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

BEFORE = """
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


class Migration(migrations.Migration):
    dependencies = [
        ('inventory', '0003_walls'),
    ]

    operations = [
        migrations.RunSQL(GUARDED, BEFORE),
        migrations.RemoveConstraint(model_name='stock', name='stock_never_oversold'),
    ]
