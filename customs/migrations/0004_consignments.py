"""Direct mail comes in on a bill, and its site enters it; what a list has told of the bill stays."""

import django.core.validators
import django.db.models.deletion
import kernel.ids
from django.db import migrations, models

from kernel.append_only import no_delete, only_update

# A list in any other state is at customs, or was.
_UNTOLD = "('waiting', 'documents', 'blocked', 'rejected', 'ended', 'cancelled')"
_TOLD = f"""
CREATE FUNCTION customs_consignment_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM customs_consignedparcel c JOIN logistics_parcel p ON p.id = c.parcel_id
        JOIN logistics_shipment s ON s.id = p.shipment_id
        JOIN customs_declaration d ON d.order_id = s.order_id
        WHERE c.taken_off_at IS NULL AND d.state NOT IN {_UNTOLD}
        AND CASE TG_TABLE_NAME WHEN 'customs_consignment' THEN c.consignment_id ELSE c.id END = OLD.id
    ) THEN
        RAISE EXCEPTION 'what a list at customs says of its consignment stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customs_consignment_told BEFORE UPDATE ON customs_consignment FOR EACH ROW WHEN (
    (NEW.bill_no, NEW.voyage_no, NEW.traffic_no, NEW.port_code)
    IS DISTINCT FROM (OLD.bill_no, OLD.voyage_no, OLD.traffic_no, OLD.port_code)
) EXECUTE FUNCTION customs_consignment_stays();
CREATE TRIGGER customs_parcel_told BEFORE UPDATE ON customs_consignedparcel FOR EACH ROW WHEN (
    NEW.taken_off_at IS DISTINCT FROM OLD.taken_off_at
) EXECUTE FUNCTION customs_consignment_stays()
"""
_BACK = """
DROP TRIGGER customs_parcel_told ON customs_consignedparcel;
DROP TRIGGER customs_consignment_told ON customs_consignment;
DROP FUNCTION customs_consignment_stays()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customs', '0003_machines_that_refuse'),
        ('logistics', '0003_shipping_info'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.CreateModel(
            name='Consignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('state', models.CharField(choices=[('open', 'open'), ('closed', 'closed'), ('dropped', 'dropped')], default='open', max_length=8)),
                ('bill_no', models.CharField(help_text='提运单号 billNo, of the whole consignment', max_length=37)),
                ('voyage_no', models.CharField(help_text='航班航次号 voyageNo', max_length=32)),
                ('traffic_no', models.CharField(help_text='运输工具编号 trafNo, as on its manifest', max_length=100)),
                ('port_code', models.CharField(help_text='进境口岸 portCode, of this voyage', max_length=4, validators=[django.core.validators.RegexValidator('^[0-9]{4}$')])),
                ('arrives_on', models.DateField(help_text='when it comes in; the site is asked from that day on')),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, help_text='nothing is put on it since', null=True)),
                ('asked_at', models.DateTimeField(blank=True, help_text='the site was asked for its entry', null=True)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consignments', to='customs.portaccount')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.CreateModel(
            name='ConsignedParcel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('waybill', models.CharField(max_length=60)),
                ('put_on_at', models.DateTimeField()),
                ('taken_off_at', models.DateTimeField(blank=True, null=True)),
                ('told_bill', models.CharField(blank=True, default='', help_text='the bill that the carrier was told for its waybill', max_length=37)),
                ('parcel', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='logistics.parcel')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
                ('consignment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parcels', to='customs.consignment')),
            ],
        ),
        migrations.CreateModel(
            name='WarehouseEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=kernel.ids.uuid7, editable=False, unique=True)),
                ('cop_no', models.CharField(help_text="the site's number of the entry", max_length=20)),
                ('operator_code', models.CharField(blank=True, default='', help_text='监管场所经营人, the site', max_length=18)),
                ('rkd_no', models.CharField(blank=True, default='', help_text="入库单编号, customs' number", max_length=18)),
                ('bill_no', models.CharField(blank=True, default='', max_length=37)),
                ('voyage_no', models.CharField(blank=True, default='', max_length=32)),
                ('traffic_no', models.CharField(blank=True, default='', max_length=100)),
                ('waybills', models.JSONField(blank=True, default=list, help_text='the parcels that came in by it')),
                ('written_at', models.DateTimeField(blank=True, help_text='when the site wrote this version', null=True)),
                ('status', models.CharField(blank=True, default='', help_text='the latest returnStatus', max_length=10)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customs.portaccount')),
                ('storefront', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='storefronts.storefront')),
            ],
        ),
        migrations.AddIndex(
            model_name='consignment',
            index=models.Index(condition=models.Q(('next_try_at__isnull', False)), fields=['next_try_at'], name='consignment_to_try'),
        ),
        migrations.AddIndex(
            model_name='consignment',
            index=models.Index(fields=['storefront', 'state', '-id'], name='consignment_board'),
        ),
        migrations.AddConstraint(
            model_name='consignment',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'dropped'), _negated=True), fields=('storefront', 'bill_no', 'voyage_no'), name='consignment_bill_once'),
        ),
        migrations.AddConstraint(
            model_name='consignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('bill_no', ''), _negated=True), models.Q(('voyage_no', ''), _negated=True), models.Q(('traffic_no', ''), _negated=True), models.Q(('port_code', ''), _negated=True)), name='consignment_whole'),
        ),
        migrations.AddConstraint(
            model_name='consignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at__isnull', False), _connector='OR'), name='consignment_closed_when'),
        ),
        migrations.AddConstraint(
            model_name='consignedparcel',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_off_at__isnull', True)), fields=('parcel',), name='consigned_once'),
        ),
        migrations.AddIndex(
            model_name='warehouseentry',
            index=models.Index(fields=['storefront', 'bill_no'], name='entry_of_bill'),
        ),
        migrations.AddConstraint(
            model_name='warehouseentry',
            constraint=models.UniqueConstraint(fields=('storefront', 'cop_no', 'operator_code'), name='entry_once'),
        ),
        migrations.RunSQL(_TOLD, _BACK),
        no_delete("customs_consignment"),
        no_delete("customs_consignedparcel"),
        only_update("customs_consignedparcel", columns=["taken_off_at", "told_bill"]),
        no_delete("customs_warehouseentry"),
    ]
