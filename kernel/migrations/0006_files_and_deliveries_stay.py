"""A file stays the file that it was, and what is on its way to a handler is not taken off it.

A file is removed by those who serve when its day has come, never exchanged: no column changes, and no row takes the
number of one that was removed. The right to change `expires_at` is the right to lock a row, which the worker's letting
go takes; the trigger refuses every change. A delivery is written open, with its fact, and the worker alone moves it on.
"""

from django.db import migrations

from kernel.append_only import no_delete, no_number, not_web, only_update

_FILE = (
    "public_id", "storefront_id", "name", "media_type", "size", "sha256", "path", "sealed", "made_at", "expires_at",
)
_STAYS = """
CREATE TRIGGER kernel_file_append_only BEFORE UPDATE ON kernel_file
FOR EACH ROW EXECUTE FUNCTION kernel_refuse_update()
"""


class Migration(migrations.Migration):
    dependencies = [
        ('kernel', '0005_cases_stay'),
    ]

    operations = [
        only_update("kernel_file", columns=("expires_at",)),
        not_web("UPDATE", "kernel_file"),
        no_number("kernel_file", columns=_FILE),
        migrations.RunSQL(_STAYS, "DROP TRIGGER kernel_file_append_only ON kernel_file"),
        no_delete("kernel_delivery"),
        only_update("kernel_delivery", columns=("attempts", "next_try_at", "done_at", "error")),
        not_web("UPDATE", "kernel_delivery"),
        no_number(
            "kernel_delivery", columns=("event_id", "handler", "key", "attempts", "next_try_at", "error")
        ),
    ]
