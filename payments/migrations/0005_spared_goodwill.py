"""What goodwill gave before, and a later refund is less by, is a column of its own and no coupon's any more."""

from django.db import migrations, models
from django.db.models import F

_APART = """
UPDATE payments_refund r SET discount_fen = l.discount_fen, spared_fen = r.discount_fen - l.discount_fen
FROM (SELECT refund_id, sum(discount_fen) AS discount_fen FROM payments_refundline GROUP BY refund_id) l
WHERE l.refund_id = r.id AND r.discount_fen > l.discount_fen
"""
_TOGETHER = "UPDATE payments_refund SET discount_fen = discount_fen + spared_fen WHERE spared_fen > 0"
_PARTS = ("amount_fen", "goods_fen", "discount_fen", "freight_fen", "tax_fen", "other_fen")


def _amount(*, sum, parts):
    positive = {f"{name}__gte": 0 for name in parts if name != "amount_fen"}
    return models.CheckConstraint(
        name="refund_amount", condition=models.Q(amount_fen=sum, amount_fen__gt=0, **positive)
    )


_BEFORE = F("goods_fen") - F("discount_fen") + F("freight_fen") + F("tax_fen") + F("other_fen")


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_orders_that_money_came_for")]

    operations = [
        migrations.RemoveConstraint(model_name="refund", name="refund_amount"),
        migrations.AddField(
            model_name="refund",
            name="spared_fen",
            field=models.BigIntegerField(
                db_default=0, default=0, help_text="taken off because goodwill gave it before"
            ),
        ),
        migrations.RunSQL(_APART, _TOGETHER),
        migrations.AddConstraint(
            model_name="refund",
            constraint=_amount(sum=_BEFORE - F("spared_fen"), parts=(*_PARTS, "spared_fen")),
        ),
    ]
