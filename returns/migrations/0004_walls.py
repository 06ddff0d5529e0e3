"""Its rows are seen under the name of their storefront alone."""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0008_walls'),
        ('returns', '0003_strays'),
    ]
    operations = [
        wall(
            "returns_returnpolicy",
            "returns_returnrequest",
            "returns_returnline",
            "returns_returngrade",
            "returns_returnpicture",
            "returns_strayparcel",
            "returns_straypiece",
        ),
    ]
