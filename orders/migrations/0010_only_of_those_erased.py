"""Only orders of a person whose account is closed are cut from them, and only their keys go before the day."""

from importlib import import_module

from django.db import migrations

_untie = import_module("orders.migrations.0008_order_of_nobody")._UNTIE.split("REVOKE")[0]
_BEFORE = _untie.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
_NOW = _BEFORE.replace(
    "    LIMIT 1;\n    IF FOUND THEN\n        RAISE EXCEPTION 'order % is not an unreadable",
    "        OR EXISTS (SELECT FROM compliance_subject s WHERE s.id = o.subject_id AND s.erased_at IS NULL)\n"
    "    LIMIT 1;\n    IF FOUND THEN\n        RAISE EXCEPTION 'order % is not an unreadable",
).replace("that was never paid'", "that was never paid, of a closed account'")
assert _NOW.count("s.erased_at IS NULL") == _NOW.count("of a closed account") == 1

_EARLY = "OLD.destroy_on > ((now() + interval '1 day') AT TIME ZONE 'Asia/Shanghai')::date"
_PAID = f"""
    IF {_EARLY} AND EXISTS (SELECT FROM orders_order WHERE key_id = OLD.id AND paid_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the key of a paid order is kept until %', OLD.destroy_on
            USING ERRCODE = 'restrict_violation';
    END IF;"""
_OPEN = f"""
    IF {_EARLY} AND EXISTS (
        SELECT FROM orders_order o JOIN compliance_subject s ON s.id = o.subject_id
        WHERE o.key_id = OLD.id AND s.erased_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the key of an order is kept while its account is open, until %', OLD.destroy_on
            USING ERRCODE = 'restrict_violation';
    END IF;"""
_KEEP = """
CREATE OR REPLACE FUNCTION orders_keep_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{checks}
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_orders_of_those_erased")]

    operations = [
        migrations.RunSQL(_NOW, _BEFORE),
        migrations.RunSQL(_KEEP.format(checks=_PAID + _OPEN), _KEEP.format(checks=_PAID)),
    ]
