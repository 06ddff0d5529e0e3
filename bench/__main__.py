"""`python -m bench [PART …]`: starts a web server and a durable PostgreSQL and prints a line a figure.

Every rate is a ratio against a floor of the same run: a constant-JSON view of the same server for pages, and
pgbench writing the same rows for checkout. The targets are those that the product promises. Without a part
all of them are measured: in less than ten minutes but for `admin`, which makes 100,000 orders first
(BENCH_ORDERS=5000 are quicker).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local" / "bench"
PARTS = (
    "pages",
    "checkout",
    "crowds",
    "shop",
    "walls",
    "rotation",
    "notifications",
    "tracking",
    "receipts",
    "judging",
    "sealing",
    "auditing",
    "bills",
    "customs",
    "stock",
    "webhooks",
    "admin",
)


def main() -> int:
    """Run the measurements that are named; 0 when every target is met."""
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted).difference(PARTS):
        print(f"There is no {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    from backend import embedded  # noqa: PLC0415  (the servers are started before Django's settings are read)

    servers = embedded.start(LOCAL)
    os.environ.update(servers.urls)
    os.environ.update(D2C_LOCAL=str(LOCAL), D2C_ROLE="owner", DJANGO_SETTINGS_MODULE="backend.settings")
    os.environ["THROTTLE_FACTOR"] = "1000"
    try:
        import django  # noqa: PLC0415

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        from bench.figures import measure  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        return measure(servers, LOCAL, wanted)
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main())
