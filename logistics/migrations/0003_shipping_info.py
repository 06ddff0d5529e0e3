"""What WeChat is told of an order's shipping, and whether it manages a mini-program's trades."""

from django.db import migrations

from kernel.append_only import no_delete


class Migration(migrations.Migration):

    dependencies = [
        ('logistics', '0002_what_was_told_stays'),
        ('orders', '0001_initial'),
        ('storefronts', '0001_initial'),
    ]

    operations = [
        no_delete('logistics_shippinginfo'),
    ]
