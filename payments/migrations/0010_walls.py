"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_a_refund_of_nothing"), ("kernel", "0008_walls")]
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
