"""A batch begins as a draft of which no institution and no bank has said anything."""

from django.db import migrations

_BEGINS = """
CREATE TRIGGER settlement_batch_begins BEFORE INSERT ON settlement_settlementbatch
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    NEW.state <> 'draft'
    OR ROW(NEW.settled_fen, NEW.settled_promised_minor, NEW.foreign_minor, NEW.result_fen, NEW.received_minor)
        IS DISTINCT FROM ROW(0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)
    OR num_nonnulls(NEW.file_id, NEW.exported_at, NEW.answer_id, NEW.answered_at, NEW.closed_at) > 0
)) EXECUTE FUNCTION settlement_refuse();
CREATE TRIGGER settlement_item_unanswered BEFORE INSERT ON settlement_settlementitem
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    NOT NEW.live OR NEW.refusal <> '' OR num_nonnulls(NEW.rate, NEW.foreign_minor, NEW.settled_on) > 0
)) EXECUTE FUNCTION settlement_refuse()
"""
_ANYHOW = """
DROP TRIGGER settlement_item_unanswered ON settlement_settlementitem;
DROP TRIGGER settlement_batch_begins ON settlement_settlementbatch
"""


class Migration(migrations.Migration):
    dependencies = [
        ('settlement', '0003_evidence_is_the_workers'),
    ]

    operations = [migrations.RunSQL(_BEGINS, _ANYHOW)]
