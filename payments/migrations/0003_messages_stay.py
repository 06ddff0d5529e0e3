"""A message of WeChat Pay stays as it came, and goes through the doors of its period alone.

Of a message those who serve change what became of it; its body is emptied once it was taken, and never another.
"""

from django.db import migrations

from kernel.append_only import forgetting, no_delete, only_update

# A message is rejected as it comes, so that nothing which was believed goes with the noise afterwards. Noise is
# kept for 30 days; the door opens a day before, for a clock that differs.
_SAID = """
CREATE FUNCTION payments_keep_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a message of WeChat Pay stays as it came' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_notification_stays BEFORE UPDATE ON payments_notification
FOR EACH ROW WHEN (
    NEW.outcome = 'rejected' AND OLD.outcome <> 'rejected' OR NEW.body <> OLD.body AND NEW.body <> ''
) EXECUTE FUNCTION payments_keep_message()
"""
_NOT_SAID = """
DROP TRIGGER payments_notification_stays ON payments_notification;
DROP FUNCTION payments_keep_message()
"""
_NOISE = """
CREATE FUNCTION payments_noise_forget(due bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    DELETE FROM payments_notification
    WHERE id = ANY (due) AND outcome = 'rejected' AND received_at < now() - interval '29 days';
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION payments_noise_forget(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments_noise_forget(bigint[]) TO worker
"""


class Migration(migrations.Migration):
    dependencies = [
        ('payments', '0002_money_rows_stay'),
    ]

    operations = [
        no_delete("payments_notification"),
        only_update("payments_notification", columns=("outcome", "error", "body")),
        migrations.RunSQL(_SAID, _NOT_SAID),
        forgetting("payments_notification", column="received_at", years=5),
        migrations.RunSQL(_NOISE, "DROP FUNCTION payments_noise_forget(bigint[])"),
    ]
