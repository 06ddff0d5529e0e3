"""An order that was never paid can be cut from its person: nothing of it leads to them any more.

Those who serve do it through one door, after the order's key was destroyed. What the door has cut is not tied
again when this is taken back, and then no such order may be left.
"""

import django.db.models.deletion
from django.db import migrations, models

# Movements that cancel out in every account prove no balance; anything else would falsify the books.
_UNTIE = """
CREATE FUNCTION orders_untie(numbers text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE wrong text;
BEGIN
    SELECT n INTO wrong FROM unnest(numbers) n
        LEFT JOIN orders_order o ON o.number = n LEFT JOIN compliance_datakey k ON k.id = o.key_id
    WHERE o.id IS NULL OR o.paid_at IS NOT NULL OR o.state IN ('placed', 'closing') OR k.destroyed_at IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % is not an unreadable one that was never paid', wrong
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


def _nullable(model: str, name: str, on_delete, related_name: str, help_text: str = "") -> migrations.AlterField:
    field = models.ForeignKey(
        help_text=help_text, null=True, on_delete=on_delete, related_name=related_name, to=_TO[name]
    )
    return migrations.AlterField(model, name, field)


_TO = {"customer": "customers.customer", "subject": "compliance.subject"}


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0008_gate"),
        ("compliance", "0016_judgement_of_nobody"),
        ("customers", "0004_rights"),
    ]

    operations = [
        _nullable("order", "customer", django.db.models.deletion.PROTECT, "orders", "none once it is untied"),
        _nullable("order", "subject", django.db.models.deletion.PROTECT, "+", "none once it is untied"),
        _nullable("quote", "customer", django.db.models.deletion.CASCADE, "+"),
        migrations.RunSQL(_UNTIE, "DROP FUNCTION orders_untie(text[])"),
    ]
