"""What has had its day goes through doors of the owner's alone, each of which keeps what is younger than its floor.

A year of an allowance goes with its movements, an incident with its notices, its list before it.
"""

from django.db import migrations

from kernel.append_only import forgetting

_DAYS = {
    "access": ("at", 3),
    "disclosure": ("at", 3),
    "noticeseen": ("at", 3),
    "consent": ("withdrawn_at", 3),
    "judgement": ("decided_at", 5),
    "payercheck": ("opened_at", 5),
    # A day of the law ends at midnight in Shanghai, whatever the zone of the session.
    "impactassessment": ("(review_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'", 3),
}
_DOOR = """
CREATE FUNCTION {table}_forget(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE due bigint[]; gone bigint;
BEGIN
    IF before > now() - interval '{years} years' THEN
        RAISE EXCEPTION '{table} is kept for {years} years' USING ERRCODE = 'restrict_violation';
    END IF;
    {steps}
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION {table}_forget(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {table}_forget(timestamptz) TO worker
"""
# A movement alone never goes: the balance would be proved by nothing any more. At most 500 a call, so that a whole year of everyone is many short transactions. What is reserved is of an
# order that is still open; it is carried into the new year first.
_YEAR = """
    due := ARRAY(
        SELECT id FROM compliance_allowanceaccount
        WHERE reserved = 0 AND year < extract(year FROM before AT TIME ZONE 'Asia/Shanghai')
        ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED
    );
    DELETE FROM compliance_allowanceentry WHERE account_id = ANY (due);
    DELETE FROM compliance_allowanceaccount WHERE id = ANY (due);
    GET DIAGNOSTICS gone = ROW_COUNT;
"""
_LIST = """
    due := ARRAY(SELECT id FROM compliance_incident WHERE closed_at < before ORDER BY id FOR UPDATE);
    UPDATE compliance_datakey SET wrapped = '', destroyed_at = now() WHERE destroyed_at IS NULL
        AND id IN (SELECT key_id FROM compliance_incidentaffected WHERE incident_id = ANY (due));
    DELETE FROM compliance_incidentaffected WHERE incident_id = ANY (due);
    GET DIAGNOSTICS gone = ROW_COUNT;
"""
_REGISTER = """
    due := ARRAY(
        SELECT id FROM compliance_incident i WHERE closed_at < before
        AND NOT EXISTS (SELECT FROM compliance_incidentaffected a WHERE a.incident_id = i.id)
        ORDER BY id FOR UPDATE
    );
    DELETE FROM compliance_incidentnotice WHERE incident_id = ANY (due);
    DELETE FROM compliance_incident WHERE id = ANY (due);
    GET DIAGNOSTICS gone = ROW_COUNT;
"""


def _door(table: str, steps: str, *, years: int) -> migrations.RunSQL:
    return migrations.RunSQL(
        _DOOR.format(table=table, steps=steps.strip(), years=years),
        f"DROP FUNCTION {table}_forget(timestamptz)",
    )


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0004_evidence_stays'),
    ]

    operations = [
        *(
            forgetting(f"compliance_{table}", column=column, years=years)
            for table, (column, years) in _DAYS.items()
        ),
        _door("compliance_allowanceaccount", _YEAR, years=5),
        _door("compliance_incidentaffected", _LIST, years=3),
        _door("compliance_incident", _REGISTER, years=3),
    ]
