"""An order is among the open ones from its payment on and after every entry of it, by whomever it is written."""

from django.db import migrations

from kernel.append_only import not_web

# An entry that is written while its order is let go of waits for that commit, finds the row gone and adds it again.
_OPENS = """
CREATE FUNCTION settlement_open_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO settlement_openorder (order_id, storefront_id) VALUES (NEW.id, NEW.storefront_id)
    ON CONFLICT (order_id) DO UPDATE SET storefront_id = EXCLUDED.storefront_id;
    RETURN NULL;
END $$;
CREATE FUNCTION settlement_open_entered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO settlement_openorder (order_id, storefront_id) VALUES (NEW.order_id, NEW.storefront_id)
    ON CONFLICT (order_id) DO UPDATE SET storefront_id = EXCLUDED.storefront_id;
    RETURN NULL;
END $$;
CREATE TRIGGER settlement_order_begins AFTER INSERT ON orders_order
FOR EACH ROW WHEN (NEW.paid_at IS NOT NULL) EXECUTE FUNCTION settlement_open_paid();
CREATE TRIGGER settlement_order_paid AFTER UPDATE OF paid_at ON orders_order
FOR EACH ROW WHEN (OLD.paid_at IS NULL AND NEW.paid_at IS NOT NULL) EXECUTE FUNCTION settlement_open_paid();
CREATE TRIGGER settlement_order_entered AFTER INSERT ON settlement_entry
FOR EACH ROW WHEN (NEW.order_id IS NOT NULL AND NEW.kind NOT IN ('settlement', 'receipt', 'clearing'))
EXECUTE FUNCTION settlement_open_entered()
"""
_FORGETS = """
DROP TRIGGER settlement_order_entered ON settlement_entry;
DROP TRIGGER settlement_order_paid ON orders_order;
DROP TRIGGER settlement_order_begins ON orders_order;
DROP FUNCTION settlement_open_entered();
DROP FUNCTION settlement_open_paid()
"""

class Migration(migrations.Migration):
    dependencies = [
        ('orders', '0004_doors'),
        ('settlement', '0004_batches_begin_as_drafts'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        not_web("DELETE", "settlement_openorder"),
        migrations.RunSQL(_OPENS, _FORGETS),
    ]
