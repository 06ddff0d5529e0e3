"""What was taken in before keeps its signature, the digest that it is over, and no body; that does not come back."""

from django.db import migrations, models

_DIGEST = """
UPDATE payments_notification SET
    digest = sha256(
        convert_to(
            coalesce(headers->>'Wechatpay-Timestamp', '') || chr(10) || coalesce(headers->>'Wechatpay-Nonce', '')
            || chr(10), 'UTF8'
        ) || body || '\\x0a'::bytea
    )
WHERE outcome <> 'rejected'
"""
_TOLD = """
UPDATE payments_notification SET
    notice_id = left(coalesce(convert_from(body, 'UTF8')::json->>'id', ''), 128),
    event_type = left(coalesce(convert_from(body, 'UTF8')::json->>'event_type', ''), 60)
WHERE outcome <> 'rejected'
"""
_EMPTY = """
UPDATE payments_notification n SET body = '' WHERE outcome IN ('taken', 'duplicate', 'ignored')
    OR outcome <> 'rejected' AND EXISTS (
        SELECT FROM payments_notification t
        WHERE t.mchid = n.mchid AND t.notice_id = n.notice_id AND t.outcome = 'taken'
    )
"""


def _text(length: int, help_text: str = "") -> models.CharField:
    return models.CharField(blank=True, default="", help_text=help_text, max_length=length)


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_declarations")]

    operations = [
        migrations.AlterField(
            "notification", "body", models.BinaryField(help_text="as it came; empty once it is taken in")
        ),
        migrations.AddField(
            "notification", "digest", models.BinaryField(default=b"", help_text="SHA-256 of what WeChat signed")
        ),
        migrations.AddField("notification", "notice_id", _text(128, "the same when repeated")),
        migrations.AddField("notification", "event_type", _text(60)),
        migrations.AddField("notification", "out_trade_no", _text(32, "of the payment it names")),
        migrations.AddField(
            "notification",
            "content",
            models.JSONField(blank=True, default=dict, help_text="numbers, amounts and states it told"),
        ),
        migrations.RunSQL(_DIGEST, migrations.RunSQL.noop),
        migrations.RunSQL(_TOLD, migrations.RunSQL.noop),
        migrations.RunSQL(_EMPTY, migrations.RunSQL.noop),
        migrations.AddIndex(
            "notification",
            models.Index(
                condition=models.Q(("out_trade_no", ""), _negated=True),
                fields=["out_trade_no"],
                name="notification_of_payment",
            ),
        ),
    ]
