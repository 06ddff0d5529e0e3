"""A message that was not taken in is neither emptied nor called anything else: it may be money.

Unless it was: its number has a receipt, or what stands beside it is the same message or number, taken in. Or the
account of the person whose payment it is about is closed.
"""

from django.db import migrations

_GUARD = """
CREATE FUNCTION payments_keep_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM kernel_receipt
        WHERE source = 'wechatpay:' || OLD.mchid AND key = OLD.notice_id AND OLD.notice_id <> ''
    ) OR EXISTS (
        SELECT FROM payments_payment p
        JOIN orders_order o ON o.id = p.order_id JOIN compliance_subject s ON s.id = o.subject_id
        WHERE p.out_trade_no = OLD.out_trade_no AND s.erased_at IS NOT NULL
    ) OR EXISTS (
        SELECT FROM payments_notification n
        WHERE n.outcome IN ('taken', 'duplicate', 'ignored') AND n.received_at >= OLD.received_at
        AND n.mchid = OLD.mchid AND n.id <> OLD.id
        AND (n.headers = OLD.headers OR n.notice_id = OLD.notice_id AND OLD.notice_id <> '')
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a message of WeChat Pay that was not taken in stays as it came'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_notification_waits BEFORE UPDATE ON payments_notification
FOR EACH ROW WHEN (
    current_user IN ('web', 'worker') AND OLD.outcome NOT IN ('taken', 'duplicate', 'ignored')
    AND (NEW.outcome <> OLD.outcome OR NEW.body <> OLD.body)
) EXECUTE FUNCTION payments_keep_waiting()
"""
_OPEN = """
DROP TRIGGER payments_notification_waits ON payments_notification;
DROP FUNCTION payments_keep_waiting()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0001_initial'),
        ('kernel', '0004_receipts_stay'),
        ('orders', '0001_initial'),
        ('payments', '0004_orders_that_money_came_for'),
    ]

    operations = [migrations.RunSQL(_GUARD, _OPEN)]
