"""An entry of the ledger sums to zero, and neither it nor what a batch took abroad is written otherwise afterwards.

Of a batch and its items those who serve change what became of them; evidence and pages of rates go after five years.
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
        SELECT FROM added a JOIN settlement_entry e ON e.id = a.entry_id
        WHERE a.day <> e.day OR a.storefront_id <> e.storefront_id
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
_UNBALANCE = "DROP TRIGGER settlement_posting_balanced ON settlement_posting; DROP FUNCTION settlement_balanced()"
_WRITTEN_ONCE = ("entry", "posting", "evidence", "forexreceipt", "ratepublication")
_BATCH = (
    "state", "file_id", "exported_at", "answer_id", "answered_at", "settled_fen", "settled_promised_minor",
    "foreign_minor", "result_fen", "received_minor", "closed_at",
)


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial")]

    operations = [
        migrations.RunSQL(_BALANCE, _UNBALANCE),
        *(no_change(f"settlement_{table}") for table in _WRITTEN_ONCE),
        no_delete("settlement_settlementbatch"),
        only_update("settlement_settlementbatch", columns=_BATCH),
        no_delete("settlement_settlementitem"),
        only_update(
            "settlement_settlementitem", columns=("live", "rate", "foreign_minor", "settled_on", "refusal")
        ),
        forgetting("settlement_evidence", column="told_at", years=5),
        forgetting("settlement_ratepublication", column="fetched_at", years=5),
    ]
