"""A bonded warehouse serves only with its customs area and account book."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0002_movements_make_balances'),
        ('storefronts', '0002_platform_keys_stay'),
    ]

    operations = [
        # What has no account book serves nobody until it is entered; who undoes this switches it on by hand.
        migrations.RunSQL(
            "UPDATE inventory_warehouse SET active = false WHERE trade_mode IN ('1210', '1239')"
            " AND (area_code = '' OR ems_no = '' OR customs_district = '')",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='warehouse',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('trade_mode__in', ['1210', '1239']), _negated=True), ('active', False), models.Q(models.Q(('area_code', ''), _negated=True), models.Q(('ems_no', ''), _negated=True), models.Q(('customs_district', ''), _negated=True)), _connector='OR'), name='warehouse_of_a_book'),
        ),
    ]
