"""Links carry their row's digest and instant, and their hash covers both and when they were chained.

The chains that there are go over in their order: each link takes its row's digest, prev and hash are made anew.
A link whose row has gone keeps its former hash as the digest, and when it was chained as its row's instant.
Heads that were kept before belong to the former hashes and no longer fit.
"""

from django.db import migrations, models

_OVER = """
DO $$
DECLARE l record; chain text; last bytea; since timestamptz;
BEGIN
    FOR l IN
        SELECT c.id, c.log, c.storefront_id, c.row_id, c.chained_at, coalesce(a.at, d.at, c.chained_at) AS at,
               CASE WHEN a.id IS NOT NULL THEN sha256(convert_to(json_build_array(
                        a.id, a.storefront_id, a.who, a.what, a.ref, a.purpose, a.at AT TIME ZONE 'UTC'
                    )::text, 'UTF8'))
                    WHEN d.id IS NOT NULL THEN sha256(convert_to(jsonb_build_array(
                        d.id, d.storefront_id, d.subject_id, d.order_number, d.recipient_kind,
                        d.recipient, d.country, d.purpose, d.basis, d.fields, d.at AT TIME ZONE 'UTC'
                    )::text, 'UTF8'))
                    ELSE c.hash END AS digest
        FROM compliance_chainlink c
        LEFT JOIN compliance_access a ON c.log = 'access' AND a.id = c.row_id
        LEFT JOIN compliance_disclosure d ON c.log = 'disclosure' AND d.id = c.row_id
        ORDER BY c.log, c.storefront_id, c.position
    LOOP
        IF chain IS DISTINCT FROM l.log || ':' || l.storefront_id THEN
            chain := l.log || ':' || l.storefront_id;
            last := sha256(convert_to(chain, 'UTF8'));
            since := l.chained_at;
        END IF;
        since := greatest(since, l.chained_at);
        UPDATE compliance_chainlink
        SET digest = l.digest, row_at = l.at, prev = last, chained_at = since,
            hash = sha256(last || l.digest || int8send(l.row_id) || timestamptz_send(l.at) || timestamptz_send(since))
        WHERE id = l.id RETURNING hash INTO last;
    END LOOP;
END $$
"""
_BACK = """
DO $$
DECLARE l record; chain text; last bytea;
BEGIN
    FOR l IN SELECT id, log, storefront_id, digest FROM compliance_chainlink ORDER BY log, storefront_id, position
    LOOP
        IF chain IS DISTINCT FROM l.log || ':' || l.storefront_id THEN
            chain := l.log || ':' || l.storefront_id;
            last := sha256(convert_to(chain, 'UTF8'));
        END IF;
        UPDATE compliance_chainlink SET prev = last, hash = sha256(last || l.digest)
        WHERE id = l.id RETURNING hash INTO last;
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0016_judgement_of_nobody")]

    operations = [
        migrations.AddField("chainlink", "row_at", models.DateTimeField(null=True)),
        migrations.AddField("chainlink", "digest", models.BinaryField(max_length=32, null=True)),
        migrations.RunSQL(_OVER, _BACK),
        migrations.AlterField("chainlink", "row_at", models.DateTimeField()),
        migrations.AlterField("chainlink", "digest", models.BinaryField(max_length=32)),
    ]
