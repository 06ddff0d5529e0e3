"""State and gate of an order move as their tables say, and it is paid in one piece, whoever writes it.

The gate between money and declaration moves of a paid order alone. All this is for `web` and `worker`; the owner, who
could switch a trigger off, is not asked.
"""

from django.db import migrations

_MOVES = (
    "('placed', 'paid'), ('placed', 'closing'), ('closing', 'paid'), ('closing', 'expired'),"
    " ('closing', 'cancelled'), ('paid', 'cancelled')"
)
_PAYMENT = ("paid_at", "mchid", "out_trade_no", "transaction_id")
_NEW, _OLD = (", ".join(f"{row}.{column}" for column in _PAYMENT) for row in ("NEW", "OLD"))
_STATE = f"""
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
_STATE_FREE = """
DROP TRIGGER orders_order_moves ON orders_order;
DROP TRIGGER orders_order_begins ON orders_order;
DROP FUNCTION orders_refuse_move()
"""
_GATE = """
CREATE FUNCTION orders_refuse_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the gate of an order that is % does not move from % to %', OLD.state, OLD.gate, NEW.gate
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_order_gate BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND NEW.gate <> OLD.gate AND (
    OLD.state <> 'paid' OR (OLD.gate, NEW.gate) NOT IN (
        ('before_list', 'with_customs'), ('with_customs', 'before_list'), ('with_customs', 'after_release')
    )
)) EXECUTE FUNCTION orders_refuse_gate()
"""
_GATE_FREE = "DROP TRIGGER orders_order_gate ON orders_order; DROP FUNCTION orders_refuse_gate()"


class Migration(migrations.Migration):
    dependencies = [
        ('orders', '0002_what_was_agreed_stays'),
    ]

    operations = [
        migrations.RunSQL(_STATE, _STATE_FREE),
        migrations.RunSQL(_GATE, _GATE_FREE),
    ]
