"""Goods on their way back are followed at the tracker."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0005_an_address_is_mended'),
        ('payments', '0008_what_is_kept_back'),
        ('returns', '0003_refused_and_not_left'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        migrations.AddField(
            model_name='returnrequest',
            name='track_at',
            field=models.DateTimeField(blank=True, help_text='when the tracker is asked next', null=True),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='way_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='way_code',
            field=models.CharField(blank=True, choices=[('announced', '已下单 · announced'), ('picked_up', '已揽收 · picked up'), ('in_transit', '运输中 · in transit'), ('customs', '清关中 · with customs'), ('customs_hold', '清关异常 · held by customs'), ('cleared', '已清关 · cleared'), ('arrived', '到达派件城市 · in the city'), ('out_for_delivery', '派送中 · out for delivery'), ('at_point', '待取件 · waits to be fetched'), ('trouble', '派送异常 · trouble'), ('refused', '拒收 · refused'), ('damaged', '破损 · damaged'), ('lost', '遗失 · lost'), ('returning', '退回中 · on its way back'), ('returned', '已退回 · returned'), ('delivered', '已签收 · delivered'), ('void', '已销单 · void')], default='', help_text='what was told of it last', max_length=20),
        ),
        migrations.AddField(
            model_name='returnrequest',
            name='way_text',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddIndex(
            model_name='returnrequest',
            index=models.Index(condition=models.Q(('state', 'on_the_way')), fields=['track_at'], name='return_followed'),
        ),
    ]
