"""What a carrier told of a parcel stays as it was told for five years; shipments and parcels are not removed."""

from django.db import migrations

from kernel.append_only import forgetting, no_change, no_delete


class Migration(migrations.Migration):
    dependencies = [("logistics", "0001_initial")]

    operations = [
        no_change("logistics_trackingevent"),
        forgetting("logistics_trackingevent", column="at", years=5),
        no_delete("logistics_shipment"),
        no_delete("logistics_parcel"),
        no_delete("logistics_parcelline"),
    ]
