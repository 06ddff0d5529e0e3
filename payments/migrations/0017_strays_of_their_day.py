"""Money that no order could take stands on the day on which it was paid, and is looked for in that day's bill.

Of what came before, the bill's line knows the time, or else the moment in which the house heard of it.
"""

from django.db import migrations, models

_TIMES = """
UPDATE payments_payment p SET succeeded_at = coalesce(
    (SELECT min(l.at) FROM payments_billline l WHERE l.kind = 'sale' AND l.transaction_id = p.transaction_id
        AND l.storefront_id = p.storefront_id),
    (SELECT min(e.at) FROM kernel_event e WHERE e.name = 'payment.stray'
        AND e.key = 'payment:' || p.out_trade_no))
WHERE p.state = 'stray' AND p.succeeded_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_answers_with_pictures")]

    operations = [
        migrations.AlterField(
            model_name="payment",
            name="succeeded_at",
            field=models.DateTimeField(blank=True, help_text="of a stray one too: as WeChat says", null=True),
        ),
        migrations.RunSQL(_TIMES, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="payment", name="payment_of_day"),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["mchid", "succeeded_at"],
                name="payment_of_day",
                condition=models.Q(("state__in", ["succeeded", "stray"])),
            ),
        ),
    ]
