"""Who paid an order can take its orderer's place by one door; whom it was placed for stays with the evidence."""

import django.db.models.deletion
from django.db import migrations, models

import kernel.ids
from kernel.append_only import forgetting, no_change

ARGUMENTS = "(text, uuid, bytea, bytea, bytea, uuid, bytea, bytea, timestamptz)"
# What is named has been verified and judged by the caller; here it is held that this is the only way.
_NAME = f"""
CREATE FUNCTION orders_name_orderer(
    which text, who uuid, name bytea, id_number bytea, index bytea,
    former uuid, former_name bytea, former_number bytea, at timestamptz
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE o orders_order%ROWTYPE;
BEGIN
    SELECT * INTO o FROM orders_order WHERE number = which FOR UPDATE;
    IF NOT FOUND OR o.state <> 'paid' OR o.gate <> 'before_list'
        OR '' IN (name, id_number, index, former_name, former_number)
        OR NOT EXISTS (
            SELECT FROM compliance_payercheck c WHERE c.order_number = which AND c.state = 'different')
        OR NOT EXISTS (
            SELECT FROM customers_namedpayer n WHERE n.order_number = which AND n.person_id = who
                AND n.customer_id = o.customer_id AND n.state = 'verified')
    THEN
        RAISE EXCEPTION 'order % takes no other orderer', which USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO orders_formerorderer
        (public_id, storefront_id, order_id, name_sealed, number_sealed, replaced_hash, replaced_at)
        VALUES (former, o.storefront_id, o.id, former_name, former_number,
            encode(sha256(o.buyer_name_sealed || o.buyer_number_sealed), 'hex'), at);
    UPDATE orders_order SET person_id = who, buyer_name_sealed = name, buyer_number_sealed = id_number,
        buyer_index = index
        WHERE id = o.id;
END $$;
REVOKE ALL ON FUNCTION orders_name_orderer{ARGUMENTS} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION orders_name_orderer{ARGUMENTS} TO web, worker;
"""
_KEEP = """
CREATE OR REPLACE FUNCTION orders_keep_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM compliance_datakey WHERE id = OLD.key_id AND destroyed_at IS NULL){but} THEN
        RAISE EXCEPTION 'sealed data of an order stays as long as its key' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
# The orderer's may be replaced where what stood there has been put aside.
_BUT = """ AND NOT (
        NEW.buyer_name_sealed <> '' AND NEW.buyer_number_sealed <> ''
        AND NEW.consignee_name_sealed = OLD.consignee_name_sealed
        AND NEW.consignee_phone_sealed = OLD.consignee_phone_sealed
        AND NEW.consignee_street_sealed = OLD.consignee_street_sealed
        AND EXISTS (
            SELECT FROM orders_formerorderer f WHERE f.order_id = OLD.id
                AND f.replaced_hash = encode(sha256(OLD.buyer_name_sealed || OLD.buyer_number_sealed), 'hex'))
    )"""
_DROP = f"DROP FUNCTION orders_name_orderer{ARGUMENTS}"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0010_only_of_those_erased"),
        ("customers", "0007_named_payers"),
        ("compliance", "0025_naming_the_payer"),
        ("storefronts", "0003_declarations"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerOrderer",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("public_id", models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ("name_sealed", models.BinaryField()),
                ("number_sealed", models.BinaryField()),
                ("replaced_hash", models.CharField(max_length=64)),
                ("replaced_at", models.DateTimeField()),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="former_orderers",
                        to="orders.order",
                    ),
                ),
                (
                    "storefront",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storefronts.storefront",
                    ),
                ),
            ],
        ),
        no_change("orders_formerorderer"),
        migrations.RunSQL(
            "REVOKE INSERT ON orders_formerorderer FROM web, worker",
            "GRANT INSERT ON orders_formerorderer TO web, worker",
        ),
        forgetting("orders_formerorderer", column="replaced_at", years=5),
        migrations.RunSQL(_KEEP.replace("{but}", _BUT), _KEEP.replace("{but}", "")),
        migrations.RunSQL(_NAME, _DROP),
    ]
