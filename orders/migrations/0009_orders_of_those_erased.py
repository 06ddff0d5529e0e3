"""Orders emptied before now let go of their person too, and those of erased people that were never paid are cut."""

from django.db import migrations, models

FORGET = "UPDATE orders_order SET person_id = NULL WHERE buyer_index = '' AND person_id IS NOT NULL"
UNTIE = """
SELECT orders_untie(array_agg(o.number)) FROM orders_order o
    JOIN compliance_subject s ON s.id = o.subject_id JOIN compliance_datakey k ON k.id = o.key_id
WHERE s.erased_at IS NOT NULL AND k.destroyed_at IS NOT NULL
    AND o.paid_at IS NULL AND o.state NOT IN ('placed', 'closing')
HAVING count(*) > 0
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_order_of_nobody")]

    operations = [
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.RunSQL(UNTIE, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveConstraint("order", "order_has_its_person"),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=models.Q(("person__isnull", False), models.Q(("buyer_index", b""), _negated=True))
                | models.Q(("buyer_index", b""), ("person", None)),
                name="order_has_its_person",
            ),
        ),
        migrations.AddConstraint(
            "order",
            models.CheckConstraint(
                condition=models.Q(("customer__isnull", False), ("subject__isnull", False))
                | models.Q(("customer", None), ("paid_at", None), ("person", None), ("subject", None)),
                name="order_untied_whole",
            ),
        ),
    ]
