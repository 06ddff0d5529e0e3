"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('payments', '0005_what_waits_stays'),
    ]
    operations = [
        wall(
            "payments_payment",
            "payments_refund",
            "payments_refundline",
            "payments_bill",
            "payments_billline",
            "payments_fundline",
            "payments_billdifference",
            "payments_complaint",
            "payments_complaintact",
            "payments_customsnumber",
            "payments_paymentdeclaration",
            "payments_paymentoriginal",
        ),
    ]
