"""Where money and declaration exclude each other; a paid order may end as cancelled, and in no other way."""

from django.db import migrations, models

_TERMS = (
    "number", "storefront_id", "subject_id", "quote_id", "key_id", "trade_mode", "placed_at", "notice_hash",
    "notice_confirmed_at", "goods_fen", "freight_fen", "discount_fen", "duty_fen", "vat_fen", "excise_fen",
    "tax_fen", "total_fen",
)
_PAYMENT = ("paid_at", "mchid", "out_trade_no", "transaction_id")
_SEALED = (
    "buyer_name_sealed", "buyer_number_sealed", "consignee_name_sealed", "consignee_phone_sealed",
    "consignee_street_sealed",
)


def _changed(columns: tuple[str, ...]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"ROW({new}) IS DISTINCT FROM ROW({old})"


# The owner, who could switch a trigger off, is not asked.
_FREEZE = f"""
CREATE TRIGGER orders_order_agreed BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    {_changed(_TERMS)}
    OR NEW.person_id IS NOT NULL AND NEW.person_id IS DISTINCT FROM OLD.person_id
    OR OLD.paid_at IS NOT NULL AND {_changed(_PAYMENT)}
    OR OLD.paid_at IS NOT NULL AND NEW.state <> OLD.state AND NEW.state <> 'cancelled'
    OR {" OR ".join(f"NEW.{column} <> OLD.{column} AND NEW.{column} <> ''" for column in _SEALED)}
)) EXECUTE FUNCTION compliance_refuse_change()
"""
# Where a state leads is the other trigger's, which learns of the one way out of "paid".
_MOVES = (
    ("placed", "paid"), ("placed", "closing"), ("closing", "paid"), ("closing", "expired"),
    ("closing", "cancelled"), ("paid", "cancelled"),
)
_NEW, _OLD = (", ".join(f"{row}.{column}" for column in _PAYMENT) for row in ("NEW", "OLD"))


def _guard(moves: tuple[tuple[str, str], ...]) -> str:
    return f"""
DROP TRIGGER orders_order_moves ON orders_order;
CREATE TRIGGER orders_order_moves BEFORE UPDATE ON orders_order
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({", ".join(f"('{a}', '{b}')" for a, b in moves)})
    OR NEW.state <> 'paid' AND ROW({_NEW}) IS DISTINCT FROM ROW({_OLD})
)) EXECUTE FUNCTION orders_refuse_move()
"""


_DROP = "DROP TRIGGER orders_order_agreed ON orders_order"
_BEFORE = _FREEZE.replace("ROW(NEW.paid_at", "ROW(NEW.state, NEW.paid_at").replace(
    "ROW(OLD.paid_at", "ROW(OLD.state, OLD.paid_at"
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_moves")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="gate",
            field=models.CharField(
                choices=[
                    ("before_list", "Before List"),
                    ("with_customs", "With Customs"),
                    ("after_release", "After Release"),
                ],
                db_default="before_list",
                max_length=16,
            ),
        ),
        migrations.RunSQL(f"{_DROP}; {_FREEZE}", f"{_DROP}; {_BEFORE}"),
        migrations.RunSQL(_guard(_MOVES), _guard(_MOVES[:-1])),
    ]
