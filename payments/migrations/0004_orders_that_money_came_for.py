"""An order that money came for, however late, is not cut from its person, and its key stays until its day."""

from django.db import migrations

_KEEP = """
CREATE FUNCTION payments_keep_order() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM payments_payment WHERE order_id = OLD.id AND transaction_id IS NOT NULL) THEN
        RAISE EXCEPTION 'money came for order %', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_keep_order BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN (OLD.subject_id IS NOT NULL AND NEW.subject_id IS NULL)
EXECUTE FUNCTION payments_keep_order();
CREATE FUNCTION payments_keep_key() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.destroy_on > ((now() + interval '1 day') AT TIME ZONE 'Asia/Shanghai')::date
       AND EXISTS (
           SELECT FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
           WHERE o.key_id = OLD.id AND p.transaction_id IS NOT NULL
       ) THEN
        RAISE EXCEPTION 'the key of an order that money came for is kept until %', OLD.destroy_on
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_keep_key BEFORE UPDATE ON compliance_datakey
FOR EACH ROW WHEN (OLD.kind = 'order' AND OLD.destroyed_at IS NULL AND NEW.destroyed_at IS NOT NULL)
EXECUTE FUNCTION payments_keep_key()
"""
_LET_GO = """
DROP TRIGGER payments_keep_key ON compliance_datakey;
DROP FUNCTION payments_keep_key();
DROP TRIGGER payments_keep_order ON orders_order;
DROP FUNCTION payments_keep_order()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('payments', '0003_messages_stay'),
    ]

    operations = [migrations.RunSQL(_KEEP, _LET_GO)]
