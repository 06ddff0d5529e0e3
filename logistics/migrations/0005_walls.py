"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('logistics', '0004_labelled_when_all_is_packed'),
    ]
    operations = [
        wall(
            "logistics_carrieraccount",
            "logistics_shipment",
            "logistics_parcel",
            "logistics_parcelline",
            "logistics_trackingevent",
            "logistics_shippinginfo",
            "logistics_trademanagement",
        ),
    ]
