"""Those who serve remove no request, and change neither what was found of goods nor on which terms they came."""

from django.db import migrations

from kernel.append_only import no_change, no_delete


class Migration(migrations.Migration):
    dependencies = [
        ('returns', '0001_initial'),
    ]

    operations = [
        no_change("returns_returngrade"),
        no_change("returns_returnpolicy"),
        no_delete("returns_returnrequest"),
        no_delete("returns_returnline"),
    ]
