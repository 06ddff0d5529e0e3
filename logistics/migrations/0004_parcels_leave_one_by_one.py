"""Each parcel says when it left; a shipment may have left in part, and WeChat is told of it parcel by parcel."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0004_lots_by_list_and_parts'),
        ('logistics', '0003_shipping_info'),
        ('orders', '0004_doors'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='shipment',
            name='shipment_left_has_day',
        ),
        migrations.AddField(
            model_name='parcel',
            name='found',
            field=models.CharField(blank=True, choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], default='', help_text='found out by an operator', max_length=20),
        ),
        migrations.AddField(
            model_name='parcel',
            name='found_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='parcel',
            name='left_at',
            field=models.DateTimeField(blank=True, help_text='its pieces left house and ledger', null=True),
        ),
        migrations.AddField(
            model_name='shippinginfo',
            name='known_partial',
            field=models.BooleanField(default=False, help_text='WeChat was told that more are to come'),
        ),
        migrations.AddField(
            model_name='shippinginfo',
            name='partial',
            field=models.BooleanField(default=False, help_text='more parcels are to leave'),
        ),
        migrations.AlterField(
            model_name='shipment',
            name='state',
            field=models.CharField(choices=[('to_pick', 'to_pick'), ('packing', 'packing'), ('labelled', 'labelled'), ('leaving', 'leaving'), ('dispatched', 'dispatched'), ('lost', 'lost'), ('handed_over', 'handed_over'), ('customs_hold', 'customs_hold'), ('damaged', 'damaged'), ('in_transit', 'in_transit'), ('delivered', 'delivered'), ('returned', 'returned'), ('cancelled', 'cancelled')], default='to_pick', max_length=12),
        ),
        migrations.RunSQL(
            "UPDATE logistics_parcel p SET left_at = coalesce(s.dispatched_at, s.handed_over_at)"
            " FROM logistics_shipment s WHERE s.id = p.shipment_id AND p.state <> 'cancelled'",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='shipment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['to_pick', 'packing', 'labelled', 'leaving', 'cancelled']), ('handed_over_at__isnull', False), models.Q(('dispatched_at__isnull', False), ('state__in', ['dispatched', 'lost', 'returned'])), _connector='OR'), name='shipment_left_has_day'),
        ),
    ]
