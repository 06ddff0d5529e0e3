"""Where a parcel is may be told by a partner."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('logistics', '0005_walls'),
    ]

    operations = [
        migrations.AlterField(
            model_name='trackingevent',
            name='provider',
            field=models.CharField(choices=[('sf', '顺丰开放平台 · SF Express'), ('kuaidi100', '快递100 · kuaidi100'), ('partner', '合作伙伴 · a partner')], max_length=12),
        ),
    ]
