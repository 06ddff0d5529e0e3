"""An entry of the ledger is written whole, and neither it nor what a batch took abroad is written otherwise afterwards.

An entry and its postings are one statement and sum to zero. Evidence and pages of rates go after five years.
"""

from django.db import migrations

from kernel.append_only import forgetting, no_change, no_delete, only_update

# An entry sums to zero after every statement that adds to it: half an entry is never seen.
_BALANCE = """
CREATE FUNCTION settlement_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY entry_id HAVING sum(amount_fen) <> 0) THEN
        RAISE EXCEPTION 'the postings of an entry sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM added a LEFT JOIN settlement_entry e ON e.id = a.entry_id
        WHERE e.id IS NULL OR a.day <> e.day OR a.storefront_id <> e.storefront_id
    ) THEN
        RAISE EXCEPTION 'a posting is of the day and the storefront of its entry'
            USING ERRCODE = 'check_violation';
    END IF;
    IF (SELECT count(*) FROM settlement_posting WHERE entry_id IN (SELECT entry_id FROM added))
        <> (SELECT count(*) FROM added) THEN
        RAISE EXCEPTION 'an entry is written whole, and no posting joins it later'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER settlement_posting_balanced AFTER INSERT ON settlement_posting
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION settlement_balanced()
"""
# Whoever sees an entry sees its postings too, so that two transactions cannot both begin it; and no key is taken for
# ever by an entry of nothing.
_WHOLE = """
CREATE FUNCTION settlement_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM entered e WHERE NOT EXISTS (SELECT FROM settlement_posting p WHERE p.entry_id = e.id)
    ) THEN
        RAISE EXCEPTION 'an entry is written with its postings, in one statement'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER settlement_entry_whole AFTER INSERT ON settlement_entry
REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION settlement_whole()
"""
_UNWHOLE = "DROP TRIGGER settlement_entry_whole ON settlement_entry; DROP FUNCTION settlement_whole()"
_UNBALANCE = "DROP TRIGGER settlement_posting_balanced ON settlement_posting; DROP FUNCTION settlement_balanced()"
_WRITTEN_ONCE = ("entry", "posting", "evidence", "forexreceipt", "ratepublication")
_BATCH = (
    "state", "file_id", "exported_at", "answer_id", "answered_at", "settled_fen", "settled_promised_minor",
    "foreign_minor", "result_fen", "received_minor", "closed_at",
)
# What has ended stays as it ended, and a batch goes the way of its table and no other. What the institution or the
# bank has said is not said otherwise; the bank's money grows alone. For `web` and `worker`: the owner is not asked.
_MOVES = (
    "('draft', 'exported'), ('draft', 'discarded'), ('exported', 'answered'), ('exported', 'refused'),"
    " ('answered', 'received'), ('received', 'closed')"
)
_SENT = ("file_id", "exported_at")
_ANSWERED = (
    "answer_id", "answered_at", "settled_fen", "settled_promised_minor", "foreign_minor", "result_fen",
)


def _changed(*columns: str) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"ROW({new}) IS DISTINCT FROM ROW({old})"


_ENDED = f"""
CREATE FUNCTION settlement_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a batch stays as it was sent, answered and ended' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER settlement_batch_stays BEFORE UPDATE ON settlement_settlementbatch
FOR EACH ROW WHEN (current_user IN ('web', 'worker') AND (
    OLD.state IN ('closed', 'discarded', 'refused')
    OR NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_MOVES})
    OR OLD.state <> 'draft' AND {_changed(*_SENT)}
    OR OLD.state NOT IN ('draft', 'exported') AND {_changed(*_ANSWERED)}
    OR NEW.received_minor < OLD.received_minor
)) EXECUTE FUNCTION settlement_refuse();
CREATE FUNCTION settlement_refuse_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE stands text;
BEGIN
    SELECT state INTO stands FROM settlement_settlementbatch WHERE id = NEW.batch_id;
    IF TG_OP = 'INSERT' THEN
        IF stands = 'draft' THEN RETURN NEW; END IF;
    ELSIF OLD.live AND OLD.rate IS NULL AND (
        stands = 'discarded' AND NOT NEW.live AND NEW.rate IS NULL AND NEW.refusal = OLD.refusal
        OR stands = 'answered' AND NEW.live AND NEW.rate IS NOT NULL
        OR stands IN ('answered', 'refused') AND NOT NEW.live AND NEW.rate IS NULL AND NEW.refusal <> ''
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an item of a batch that is % does not change so', stands
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER settlement_item_stays BEFORE UPDATE ON settlement_settlementitem
FOR EACH ROW WHEN (current_user IN ('web', 'worker')) EXECUTE FUNCTION settlement_refuse_item();
CREATE TRIGGER settlement_item_begins BEFORE INSERT ON settlement_settlementitem
FOR EACH ROW WHEN (current_user IN ('web', 'worker')) EXECUTE FUNCTION settlement_refuse_item()
"""
_REOPEN = """
DROP TRIGGER settlement_item_begins ON settlement_settlementitem;
DROP TRIGGER settlement_item_stays ON settlement_settlementitem;
DROP FUNCTION settlement_refuse_item();
DROP TRIGGER settlement_batch_stays ON settlement_settlementbatch;
DROP FUNCTION settlement_refuse()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('settlement', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(_BALANCE, _UNBALANCE),
        migrations.RunSQL(_WHOLE, _UNWHOLE),
        *(no_change(f"settlement_{table}") for table in _WRITTEN_ONCE),
        no_delete("settlement_settlementbatch"),
        only_update("settlement_settlementbatch", columns=_BATCH),
        no_delete("settlement_settlementitem"),
        only_update(
            "settlement_settlementitem", columns=("live", "rate", "foreign_minor", "settled_on", "refusal")
        ),
        migrations.RunSQL(_ENDED, _REOPEN),
        forgetting("settlement_evidence", column="told_at", years=5),
        forgetting("settlement_ratepublication", column="fetched_at", years=5),
    ]
