"""Each warehouse that had a price of its own for carrying has a template of that price instead."""

from django.db import migrations

FORTH = """
INSERT INTO inventory_freighttemplate (storefront_id, code, by, free_above_fen)
SELECT storefront_id, code, 'piece', freight_free_from_fen FROM inventory_warehouse WHERE freight_fen > 0;
INSERT INTO inventory_freightzone (storefront_id, template_id, provinces, refused, first, first_fen, step, step_fen)
SELECT t.storefront_id, t.id, '{}', false, 1, w.freight_fen, 1, 0
FROM inventory_freighttemplate t JOIN inventory_warehouse w ON w.storefront_id = t.storefront_id AND w.code = t.code;
UPDATE inventory_warehouse w SET freight_id = t.id FROM inventory_freighttemplate t
WHERE t.storefront_id = w.storefront_id AND t.code = w.code;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED
"""

BACK = """
UPDATE inventory_warehouse w SET freight_fen = z.first_fen, freight_free_from_fen = t.free_above_fen
FROM inventory_freighttemplate t JOIN inventory_freightzone z ON z.template_id = t.id AND z.provinces = '{}'
WHERE t.id = w.freight_id;
UPDATE inventory_warehouse SET freight_id = NULL;
DELETE FROM inventory_freightzone;
DELETE FROM inventory_freighttemplate;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_terms")]

    operations = [
        migrations.RunSQL(FORTH, BACK),
        migrations.RemoveConstraint(model_name="warehouse", name="warehouse_freight"),
        migrations.RemoveField(model_name="warehouse", name="freight_fen"),
        migrations.RemoveField(model_name="warehouse", name="freight_free_from_fen"),
    ]
