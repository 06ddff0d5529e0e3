"""The product's settings on a PostgreSQL and a Redis that are made for this run and thrown away after it."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

from backend.embedded import discard, start
from backend.embedded.place import find_place
from backend.embedded.roles import connect

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # A shell ignores Ctrl-C for what it runs in the background; tests that send it mean it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "D2C_TEST_CLUSTER" not in os.environ:  # the workers of a parallel run inherit the environment
    # Else each worker compiles every test anew, and each process that a test starts the whole house.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    _base = Path(tempfile.mkdtemp(prefix="storefront-test-"))
    _servers = start(_base, durable=False)
    os.environ.update(_servers.urls)
    os.environ.update(D2C_TEST_CLUSTER=str(_base), D2C_LOCAL=str(_base / "local"), D2C_ROLE="owner")
    for _name in ("SECRET_KEY", "VAULT_MASTER_KEYS", "VAULT_INDEX_KEYS", "D2C_PRODUCTION", "MEDIA_ROOT"):
        os.environ.pop(_name, None)
    with connect(find_place(_base)) as _superuser:  # what tests/emptying.py works with
        _superuser.execute("GRANT SET ON PARAMETER session_replication_role TO owner")
    _owner = os.getpid()

    def _throw_away() -> None:
        if os.getpid() == _owner:
            _servers.stop()
            discard(_base)
            shutil.rmtree(_base, ignore_errors=True)

    atexit.register(_throw_away)

if _worker := os.environ.get("PYTEST_XDIST_WORKER"):  # each has a database of its own in Redis too
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{int(_worker[2:]) % 15 + 1}"

from backend.settings import *  # noqa: F403

# The tests' own connection is the owner's; a test that says SET ROLE is not about whose rows are seen.
# To call further processes to a statement takes longer than any statement of a test.
DATABASES["default"]["OPTIONS"]["options"] = (  # noqa: F405
    "-c app.storefronts=* -c max_parallel_workers_per_gather=0"
)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", "partners.hashing.Digest"]
# Nobody answers; a test that calls an outside party says so.
WECHAT_API_BASE = WECHAT_PAY_BASE = WECHAT_CUSTOMS_BASE = "http://127.0.0.1:9"
SF_BASE = KUAIDI100_BASE = FACEID_BASE = KMS_BASE = CFETS_BASE = "http://127.0.0.1:9"
PORT_BASE = SIGN_BASE = PORT_DATA_BASE = "http://127.0.0.1:9"
CARRIER = CLEARANCE = TRADE_BASE = ""
FACEID_SECRET_ID, FACEID_SECRET_KEY = "AKIDtest", "test"
PUBLIC_BASE_URL = "https://shop.test"
CELERY_TASK_ALWAYS_EAGER = False
AXES_ENABLED = False
WHITENOISE_MAX_AGE = 86_400  # a browser asks for each file once
