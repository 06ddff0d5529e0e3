"""The gate between money and declaration moves as its table says, and of a paid order alone, whoever writes it.

For `web` and `worker`; the owner, who could switch a trigger off, is not asked.
"""

from django.db import migrations

_GUARD = """
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


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_freight_of_a_province")]

    operations = [
        migrations.RunSQL(
            _GUARD, "DROP TRIGGER orders_order_gate ON orders_order; DROP FUNCTION orders_refuse_gate()"
        ),
    ]
