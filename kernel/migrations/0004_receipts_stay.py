"""What was taken in once is not taken in again: a receipt stays as it was written, until its days are over.

The right to change `at` is the right to lock a row, which letting go takes; the trigger refuses every change.
"""

from django.db import migrations

from kernel.append_only import no_delete, only_update

_STAYS = """
CREATE TRIGGER kernel_receipt_append_only BEFORE UPDATE ON kernel_receipt
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_update()
"""
# A day short of the thirty that the figure says: the clock of who asks may be ahead of the database's.
_FORGET = """
CREATE FUNCTION kernel_receipts_forget(due bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    DELETE FROM kernel_receipt WHERE id = ANY (due) AND at < now() - interval '29 days';
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION kernel_receipts_forget(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kernel_receipts_forget(bigint[]) TO worker
"""


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0003_decided_once'),
    ]

    operations = [
        no_delete("kernel_receipt"),
        only_update("kernel_receipt", columns=("at",)),
        migrations.RunSQL(_STAYS, "DROP TRIGGER kernel_receipt_append_only ON kernel_receipt"),
        migrations.RunSQL(_FORGET, "DROP FUNCTION kernel_receipts_forget(bigint[])"),
    ]
