"""Events cannot be changed or removed by those who serve."""

from django.db import migrations

from kernel.append_only import no_change


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_append_only")]
    operations = [no_change("kernel_event")]
