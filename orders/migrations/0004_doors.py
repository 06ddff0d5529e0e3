"""Two narrow doors: an unpaid order of a closed account is cut from its person; who paid takes its orderer's place.

What the first has cut is not tied again. Whom an order was placed for stays with the evidence, for five years.
"""

from django.db import migrations

from kernel.append_only import forgetting, no_change

# Movements that cancel out in every account prove no balance; anything else would falsify the books.
_UNTIE = """
CREATE FUNCTION orders_untie(numbers text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE wrong text;
BEGIN
    SELECT n INTO wrong FROM unnest(numbers) n
        LEFT JOIN orders_order o ON o.number = n LEFT JOIN compliance_datakey k ON k.id = o.key_id
    WHERE o.id IS NULL OR o.paid_at IS NOT NULL OR o.state IN ('placed', 'closing') OR k.destroyed_at IS NULL
        OR EXISTS (SELECT FROM compliance_subject s WHERE s.id = o.subject_id AND s.erased_at IS NULL)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % is not an unreadable one that was never paid, of a closed account', wrong
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT order_number INTO wrong FROM compliance_allowanceentry WHERE order_number = ANY(numbers)
    GROUP BY order_number, account_id
    HAVING bool_or('used' IN (source, target))
        OR sum(CASE WHEN target = 'reserved' THEN amount ELSE -amount END) <> 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % holds something of an allowance', wrong USING ERRCODE = 'restrict_violation';
    END IF;
    DELETE FROM compliance_allowanceentry WHERE order_number = ANY(numbers);
    UPDATE compliance_judgement SET subject_id = NULL
        WHERE order_number = ANY(numbers) AND subject_id IS NOT NULL;
    UPDATE orders_quote SET customer_id = NULL, address_id = NULL, claim_id = NULL
        WHERE id IN (SELECT quote_id FROM orders_order WHERE number = ANY(numbers));
    UPDATE orders_order SET customer_id = NULL, subject_id = NULL, person_id = NULL, claim_id = NULL,
        buyer_index = '', payer_index = NULL, phone_index = '', address_index = '', division_code = ''
        WHERE number = ANY(numbers);
END $$;
REVOKE ALL ON FUNCTION orders_untie(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION orders_untie(text[]) TO web, worker
"""
_ARGUMENTS = "(text, uuid, bytea, bytea, bytea, uuid, bytea, bytea, timestamptz)"
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
REVOKE ALL ON FUNCTION orders_name_orderer{_ARGUMENTS} FROM PUBLIC;
GRANT EXECUTE ON FUNCTION orders_name_orderer{_ARGUMENTS} TO web, worker
"""


class Migration(migrations.Migration):
    dependencies = [
        ('compliance', '0002_written_once'),
        ('customers', '0001_initial'),
        ('orders', '0003_moves'),
    ]

    operations = [
        migrations.RunSQL(_UNTIE, "DROP FUNCTION orders_untie(text[])"),
        no_change("orders_formerorderer"),
        migrations.RunSQL(
            "REVOKE INSERT ON orders_formerorderer FROM web, worker",
            "GRANT INSERT ON orders_formerorderer TO web, worker",
        ),
        forgetting("orders_formerorderer", column="replaced_at", years=5),
        migrations.RunSQL(_NAME, f"DROP FUNCTION orders_name_orderer{_ARGUMENTS}"),
    ]
