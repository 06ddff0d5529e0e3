"""Its rows are seen under the name of their storefront alone; a review is deleted by nobody who serves.

E-commerce Law art. 39 (电子商务法第三十九条): what a person takes back or closes is emptied, the row stays.
"""

from django.db import migrations

from kernel.walls import wall


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0008_walls"),
        ("reviews", "0001_initial"),
    ]
    operations = [
        wall("reviews_review", "reviews_reviewwords", "reviews_reviewpicture"),
        migrations.RunSQL(
            "REVOKE DELETE, TRUNCATE ON reviews_review FROM web, worker",
            "GRANT DELETE ON reviews_review TO web, worker",
        ),
    ]
