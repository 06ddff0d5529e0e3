"""A link is refused that hangs on nothing, tells of no row, or was not chained now, and `worker` alone chains.

Whoever chains can so leave a row out, or chain it under a digest that is not its own; an audit finds both. Those who
serve choose no number in a chained log: a chain goes on behind the greatest number that has settled, and a row that
chose one far above would end it.
"""

from django.db import migrations

from kernel.append_only import no_number

_CHAINED = """
CREATE VIEW compliance_chained (log, row_id, storefront_id, row_at) AS
SELECT 'access', id, coalesce(storefront_id, 0), at FROM compliance_access
UNION ALL SELECT 'disclosure', id, storefront_id, at FROM compliance_disclosure
"""
# Who owns the tables may set a clock back; those who serve chain at the present of the database.
_LINK = """
CREATE FUNCTION compliance_link_holds() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    last compliance_chainlink;
    begun bytea := sha256(convert_to(NEW.log || ':' || NEW.storefront_id, 'UTF8'));
BEGIN
    SELECT * INTO last FROM compliance_chainlink c
    WHERE c.log = NEW.log AND c.storefront_id = NEW.storefront_id AND c.position = NEW.position - 1;
    IF NEW.position <> coalesce(last.position, 0) + 1 OR NEW.prev <> coalesce(last.hash, begun) THEN
        RAISE EXCEPTION 'a link hangs on the one before it' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM compliance_chained r WHERE r.log = NEW.log AND r.row_id = NEW.row_id
        AND r.storefront_id = NEW.storefront_id AND r.row_at = NEW.row_at
    ) THEN
        RAISE EXCEPTION 'a link tells of a row of its log' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.hash <> sha256(
        NEW.prev || NEW.digest || int8send(NEW.row_id)
        || timestamptz_send(NEW.row_at) || timestamptz_send(NEW.chained_at)
    ) THEN
        RAISE EXCEPTION 'a link is hashed over what it tells' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.chained_at < last.chained_at
        OR NEW.chained_at > greatest(clock_timestamp() + interval '1 minute', last.chained_at)
        OR NEW.chained_at < clock_timestamp() - interval '10 minutes' AND current_user IN ('web', 'worker')
    THEN
        RAISE EXCEPTION 'a link is chained at the present' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER compliance_chainlink_holds BEFORE INSERT ON compliance_chainlink
FOR EACH ROW EXECUTE FUNCTION compliance_link_holds()
"""
_NO_LINK = """
DROP TRIGGER compliance_chainlink_holds ON compliance_chainlink;
DROP FUNCTION compliance_link_holds()
"""
_ACCESS = ("storefront_id", "who", "what", "ref", "purpose", "at")
_DISCLOSURE = (
    "public_id", "storefront_id", "subject_id", "order_number", "recipient_kind", "recipient", "country",
    "purpose", "basis", "fields", "at",
)


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0002_written_once'),
    ]

    operations = [
        no_number("compliance_access", columns=_ACCESS),
        no_number("compliance_disclosure", columns=_DISCLOSURE),
        migrations.RunSQL(
            "REVOKE INSERT ON compliance_chainlink FROM web", "GRANT INSERT ON compliance_chainlink TO web"
        ),
        migrations.RunSQL(_CHAINED, "DROP VIEW compliance_chained"),
        migrations.RunSQL(_LINK, _NO_LINK),
    ]
