"""The state of an order moves as its table says, and is paid in one piece, whoever writes it.

For `web` and `worker`; the owner, who could switch a trigger off, is not asked.
"""

from django.db import migrations

_MOVES = "('placed', 'paid'), ('placed', 'closing'), ('closing', 'paid'), ('closing', 'expired'), ('closing', 'cancelled')"
_PAYMENT = ("paid_at", "mchid", "out_trade_no", "transaction_id")
_NEW, _OLD = (", ".join(f"{row}.{column}" for column in _PAYMENT) for row in ("NEW", "OLD"))

_GUARD = f"""
CREATE FUNCTION orders_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'an order begins as placed and unpaid' USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'no verb leads from % to % with this payment', OLD.state, NEW.state
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_order_begins BEFORE INSERT ON orders_order
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    NEW.state <> 'placed' OR NEW.paid_at IS NOT NULL OR NEW.transaction_id <> ''
)) EXECUTE FUNCTION orders_refuse_move();
CREATE TRIGGER orders_order_moves BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_MOVES})
    OR NEW.state <> 'paid' AND ROW({_NEW}) IS DISTINCT FROM ROW({_OLD})
)) EXECUTE FUNCTION orders_refuse_move()
"""
_LET_GO = """
DROP TRIGGER orders_order_moves ON orders_order;
DROP TRIGGER orders_order_begins ON orders_order;
DROP FUNCTION orders_refuse_move()
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_person_of_readable_orders")]

    operations = [migrations.RunSQL(_GUARD, _LET_GO)]
