"""Those who serve remove no row of money, and change of one what happens to it, and not what it is about.

What has ended stays as it ended, and what WeChat has told is not told otherwise. The owner, who could switch a
trigger off, is not asked.
"""

from django.db import migrations

from kernel.append_only import no_change, no_delete, only_update

_WRITTEN_ONCE = ("refundline", "billline", "fundline", "billdifference")
_COLUMNS = {
    "payments_payment": (
        "state", "prepay_id", "prepared_at", "transaction_id", "received_fen", "payer_fen", "names_payer",
        "succeeded_at", "stray_reason", "next_query_at", "queries",
    ),
    "payments_refund": (
        "state", "refund_id", "channel", "trouble", "redirected_to", "transfer_reference",
        "transferred_at", "accepted_at", "sent_at", "succeeded_at", "next_try_at", "tries", "held_until",
    ),
    "payments_paymentdeclaration": (
        "customs_number", "order_fen", "transport_fen", "product_fen", "duty_fen", "state", "round", "trouble",
        "coupon_accepted", "match", "department", "department_number", "explanation", "modified_at", "sent_at",
        "submitted_at", "succeeded_at", "next_try_at", "tries", "resends",
    ),
    "payments_complaint": (
        "state", "told_state", "wished_fen", "full_refunded", "waits_for_answer", "times", "refund_id",
        "refund_on", "detail_sealed", "phone_sealed", "heard_at", "reply_by", "finish_by", "replied_at",
        "ended_at",
    ),
    "payments_complaintact": ("state", "text_sealed", "done_at", "trouble", "tries", "next_try_at"),
    "payments_paymentoriginal": ("request_sealed", "response_sealed"),
    "payments_bill": (
        "state", "sha1", "rows", "sales", "sales_fen", "settled_fen", "refunds", "refunded_fen", "fee_fen",
        "in_fen", "out_fen", "closing_fen", "told", "differences", "downloaded_at", "matched_at",
        "next_try_at", "tries", "trouble",
    ),
}
# What a payment was prepared with is emptied once the key of its order is destroyed.
_EMPTIED = """
CREATE FUNCTION payments_original_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.request_sealed <> '' OR NEW.response_sealed <> '' OR NOT EXISTS (
        SELECT FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
        JOIN compliance_datakey k ON k.id = o.key_id
        WHERE p.id = NEW.payment_id AND k.destroyed_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'what a payment was prepared with stays until the key of its order is destroyed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_original_emptied BEFORE UPDATE ON payments_paymentoriginal
    FOR EACH ROW EXECUTE FUNCTION payments_original_emptied()
"""
_KEPT = """
DROP TRIGGER payments_original_emptied ON payments_paymentoriginal;
DROP FUNCTION payments_original_emptied()
"""
_REFUSE = """
CREATE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% stays as it was told', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""


def _changed(*columns: str) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"ROW({new}) IS DISTINCT FROM ROW({old})"


def _rewritten(column: str) -> str:
    """A sealed text is emptied when its day has come, and never becomes another."""
    return f"NEW.{column} <> OLD.{column} AND NEW.{column} <> ''"


_REFUSED = {
    "payments_payment": "OLD.transaction_id IS NOT NULL AND "
    + _changed("state", "transaction_id", "received_fen", "payer_fen", "succeeded_at", "stray_reason"),
    "payments_refund": " OR ".join(
        (
            "OLD.state = 'succeeded' AND " + _changed("state", "succeeded_at", "accepted_at", "redirected_to"),
            "OLD.refund_id IS NOT NULL AND " + _changed("refund_id"),
            "OLD.transferred_at IS NOT NULL AND " + _changed("transferred_at", "transfer_reference"),
        )
    ),
    # What is declared changes while it is to be told, and not once WeChat has it.
    "payments_paymentdeclaration": "NEW.round < OLD.round"
    " OR NEW.state NOT IN ('to_declare', 'held', 'amending') AND "
    + _changed("order_fen", "transport_fen", "product_fen", "duty_fen", "customs_number"),
    "payments_complaint": f"NEW.times < OLD.times OR {_rewritten('detail_sealed')}"
    f" OR {_rewritten('phone_sealed')}",
    "payments_complaintact": f"OLD.state IN ('done', 'refused') AND {_changed('state', 'done_at')}"
    f" OR {_rewritten('text_sealed')}",
    "payments_bill": "OLD.downloaded_at IS NOT NULL AND "
    + _changed(
        "sha1", "rows", "sales", "sales_fen", "settled_fen", "refunds", "refunded_fen", "fee_fen", "in_fen",
        "out_fen", "closing_fen", "told", "downloaded_at",
    )
    + " OR OLD.matched_at IS NOT NULL AND " + _changed("state", "matched_at"),
}


def _guard(table: str, refused: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_told BEFORE UPDATE ON {table} FOR EACH ROW"
        f" WHEN (current_user IN ('web', 'worker') AND ({refused}))"
        " EXECUTE FUNCTION payments_refuse_change()",
        f"DROP TRIGGER {table}_told ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ('payments', '0001_initial'),
    ]

    operations = [
        *(no_change(f"payments_{table}") for table in _WRITTEN_ONCE),
        *(no_delete(table) for table in _COLUMNS),
        *(only_update(table, columns=columns) for table, columns in _COLUMNS.items()),
        migrations.RunSQL(_REFUSE, "DROP FUNCTION payments_refuse_change()"),
        *(_guard(table, refused) for table, refused in _REFUSED.items()),
        migrations.RunSQL(_EMPTIED, _KEPT),
    ]
