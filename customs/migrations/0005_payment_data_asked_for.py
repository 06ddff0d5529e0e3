"""Customs asks for payment data; what it was given stays as it was given until its key or its years are over."""

import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

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
        ('customs', '0004_consignments'),
        ('orders', '0004_doors'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.CreateModel(
            name='DataRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('session', models.CharField(help_text='sessionID', max_length=36, unique=True)),
                ('number', models.CharField(help_text='orderNo, as customs asked', max_length=60)),
                ('service_ms', models.BigIntegerField(help_text='serviceTime, as customs told it')),
                ('state', models.CharField(choices=[('asked', 'asked'), ('failing', 'failing'), ('given', 'given'), ('refused', 'refused')], default='asked', max_length=12)),
                ('trouble', models.CharField(blank=True, default='', help_text='why it is not given', max_length=40)),
                ('code', models.CharField(blank=True, default='', help_text="customs' answer to the upload", max_length=10)),
                ('body_sealed', models.BinaryField(default=b'', help_text='payExInfoStr as it was signed')),
                ('asked_at', models.DateTimeField()),
                ('made_at', models.DateTimeField(blank=True, help_text='signed and sealed', null=True)),
                ('given_at', models.DateTimeField(blank=True, null=True)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('order', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('storefront', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='data_request_to_try'), models.Index(fields=['storefront', 'state', '-id'], name='data_request_board'), models.Index(fields=['number'], name='data_request_number'), models.Index(fields=['asked_at'], name='data_request_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'given'), _negated=True), models.Q(('code', '10000'), ('given_at__isnull', False), ('made_at__isnull', False), ('order__isnull', False)), _connector='OR'), name='data_request_given_whole'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['refused', 'failing']), _negated=True), models.Q(('trouble', ''), _negated=True), _connector='OR'), name='data_request_not_given_why'), models.CheckConstraint(condition=models.Q(models.Q(('order', None), ('storefront', None)), models.Q(('order__isnull', False), ('storefront__isnull', False)), _connector='OR'), name='data_request_of_storefront')],
            },
        ),
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
