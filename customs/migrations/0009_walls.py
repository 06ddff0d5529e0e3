"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('customs', '0008_goods_go_back_abroad'),
        ('kernel', '0008_walls'),
    ]
    operations = [
        wall(
            "customs_portaccount",
            "customs_portmessage",
            "customs_portreceipt",
            "customs_declaration",
            "customs_filing",
            "customs_listedpieces",
            "customs_bookentry",
            "customs_bookstock",
            "customs_consignment",
            "customs_consignedparcel",
            "customs_warehouseentry",
            "customs_datarequest",
            "customs_outbound",
            "customs_outboundpieces",
            "customs_taxsheet",
        ),
    ]
