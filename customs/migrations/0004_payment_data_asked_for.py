"""Customs asks for payment data; what it was given stays as it was given until its key or its years are over."""

from django.db import migrations

from kernel.append_only import forgetting, no_delete, only_update

_GIVEN = """
CREATE FUNCTION customs_given_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body_sealed <> '' OR NEW.state <> OLD.state OR NEW.code <> OLD.code
        OR NEW.made_at IS DISTINCT FROM OLD.made_at OR NEW.given_at IS DISTINCT FROM OLD.given_at
        OR NEW.order_id IS DISTINCT FROM OLD.order_id OR NOT EXISTS (
            SELECT FROM orders_order o JOIN compliance_datakey k ON k.id = o.key_id
            WHERE o.id = OLD.order_id AND k.destroyed_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'what customs was given stays until the key of its order is destroyed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customs_given_stays BEFORE UPDATE ON customs_datarequest
    FOR EACH ROW WHEN (OLD.state = 'given') EXECUTE FUNCTION customs_given_stays()
"""
_BACK = """
DROP TRIGGER customs_given_stays ON customs_datarequest;
DROP FUNCTION customs_given_stays()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0003_consignments'),
        ('orders', '0004_doors'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RunSQL(_GIVEN, _BACK),
        no_delete("customs_datarequest"),
        only_update(
            "customs_datarequest",
            columns=[
                "storefront_id",
                "order_id",
                "state",
                "trouble",
                "code",
                "body_sealed",
                "made_at",
                "given_at",
                "next_try_at",
                "tries",
            ],
        ),
        forgetting("customs_datarequest", column="asked_at", years=3),
    ]
