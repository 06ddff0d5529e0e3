"""Master keys that a KMS opens: once a process, never in a transaction; a clean 503 without it."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import requests
from django.core.management import call_command
from django.db import transaction

from compliance import keyring, vault
from compliance.crypto import Tampered
from compliance.gateways.kms.client import KmsError, TencentKms
from compliance.keyring import KeysUnavailable, KmsMasterKeys, context, parse_ring
from compliance.models import DataKey, Judgement
from kernel.ids import uuid7
from kernel.models import Event, Receipt
from kernel.tc3 import Credential
from orders.models import Order
from tests import make, stand_in
from tests.miniprogram_api.conftest import Phone

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEY_ID = "23e80852-1e38-11e9-b129-5cb9019b4b01"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def only(tmp_path_factory) -> Iterator[stand_in.StandIn]:
    with stand_in.running(tmp_path_factory.mktemp("kms")) as started:
        yield started


@pytest.fixture
def cloud(only, settings) -> stand_in.StandIn:
    """A sandbox that remembers nothing, and settings that lead there."""
    only.control("reset")
    settings.KMS_BASE, settings.KMS_REGION, settings.KMS_KEY_ID = only.url, "ap-guangzhou", KEY_ID
    settings.KMS_SECRET_ID = only.world["tencent"]["secret_id"]
    settings.KMS_SECRET_KEY = only.world["tencent"]["secret_key"]
    return only


def client_of(cloud: stand_in.StandIn, **changes: Any) -> TencentKms:
    facts = {
        "credential": Credential(**cloud.world["tencent"]),
        "base_url": cloud.url,
        "region": "ap-guangzhou",
        "key_id": KEY_ID,
    }
    return TencentKms(**{**facts, **changes})


def new_master(id: str) -> str:
    out = StringIO()
    call_command("vault", "new_master", id, stdout=out)
    return out.getvalue().strip()


def calls(cloud: stand_in.StandIn) -> list[str]:
    told = requests.get(f"{cloud.url}/sandbox/log", timeout=9).json()["calls"]
    return [one["call"] for one in told if one["call"].startswith("kms")]


def until(true: Callable[[], object]) -> None:
    limit = time.monotonic() + 20
    while not true():
        assert time.monotonic() < limit, "this never came true"
        time.sleep(0.01)


class Clock:
    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(cloud, clock) -> KmsMasterKeys:
    """A process that has not asked yet."""
    ring = parse_ring(",".join([new_master("m2"), new_master("m1")]))
    cloud.control("reset")
    return KmsMasterKeys(ring, client_of(cloud), "AES-256-GCM", now=clock)


def test_what_the_kms_encrypts_it_decrypts_in_the_same_context_alone(cloud):
    kms = client_of(cloud)
    sealed = kms.encrypt(b"k" * 32, context("a"), now=datetime.now(UTC))
    assert kms.decrypt(sealed, context("a"), now=datetime.now(UTC)) == b"k" * 32
    with pytest.raises(KmsError, match=r"FailedOperation\.DecryptError") as refusal:
        kms.decrypt(sealed, context("b"), now=datetime.now(UTC))
    assert refusal.value.revoked is False


@pytest.mark.parametrize(
    ("changes", "reason", "revoked"),
    [
        ({"key_id": KEY_ID[:-1] + "2"}, "ResourceUnavailable.CmkNotFound", True),
        ({"credential": Credential("AKIDstranger", "x")}, "AuthFailure.SecretIdNotFound", False),
        ({"base_url": "http://127.0.0.1:9"}, "ConnectionError", False),
    ],
)
def test_a_refusal_says_whether_the_key_was_revoked(cloud, changes, reason, revoked):
    with pytest.raises(KmsError) as refusal:
        client_of(cloud, **changes).encrypt(b"k", context("a"), now=datetime.now(UTC))
    assert (refusal.value.reason, refusal.value.revoked) == (reason, revoked)


def test_a_process_asks_once_for_the_whole_ring_and_never_again_while_it_is_fresh(cloud, keys):
    for _ in range(20):
        id, material = uuid7(), bytes(range(32))
        name, wrapped = keys.wrap(id, material)
        assert name == "m2"
        assert keys.unwrap(id, wrapped, "m2") == material
    assert calls(cloud) == ["kms_decrypt", "kms_decrypt"]


def test_a_ciphertext_under_another_id_opens_nothing(cloud, keys):
    swapped = dict(zip(keys._ring, reversed(keys._ring.values()), strict=True))
    with pytest.raises(KeysUnavailable):
        KmsMasterKeys(swapped, client_of(cloud), "AES-256-GCM").wrap(uuid7(), bytes(32))


def test_in_a_transaction_nobody_is_called_and_the_next_one_finds_the_keys_open(cloud, keys):
    called_in: list[bool] = []
    real = keys._kms.decrypt

    class Watched:
        def decrypt(self, *args: Any, **kw: Any) -> bytes:
            called_in.append(keyring.in_transaction())
            return real(*args, **kw)

    keys._kms = Watched()
    with transaction.atomic():
        with pytest.raises(KeysUnavailable):
            keys.wrap(uuid7(), bytes(32))
        until(lambda: keys._kept)
        keys.wrap(uuid7(), bytes(32))
    assert called_in == [False, False]


def test_an_outage_is_bridged_for_a_day_and_ends_by_itself(cloud, keys, clock):
    wrapped = keys.wrap(uuid7(), bytes(32))
    assert wrapped
    cloud.control("switches", call="kms_decrypt", mode="500_before", times=1000)
    for hours in (1, 23):
        clock.at += timedelta(hours=hours) - timedelta(seconds=10)
        keys.wrap(uuid7(), bytes(32))
        until(lambda: not keys._asking.locked())
    clock.at += timedelta(minutes=1)
    with pytest.raises(KeysUnavailable):
        keys.wrap(uuid7(), bytes(32))
    cloud.control("reset")
    clock.at += timedelta(seconds=2)
    cloud_back = client_of(cloud)
    keys._kms = type(
        "Kms", (), {"decrypt": lambda _, c, x, now: cloud_back.decrypt(c, x, now=datetime.now(UTC))}
    )()
    assert keys.wrap(uuid7(), bytes(32))[0] == "m2"


def test_a_revoked_key_closes_the_vault_within_minutes(cloud, keys, clock):
    keys.wrap(uuid7(), bytes(32))
    cloud.control(
        "switches", call="kms_decrypt", mode="error", code="ResourceUnavailable.CmkDisabled", times=1000
    )
    clock.at += timedelta(minutes=4)
    keys.wrap(uuid7(), bytes(32))
    clock.at += timedelta(minutes=1)
    keys.wrap(uuid7(), bytes(32))  # asked behind its back
    until(lambda: keys._kept is None)
    with pytest.raises(KeysUnavailable):
        keys.wrap(uuid7(), bytes(32))


def test_an_older_key_that_is_gone_closes_only_what_it_wraps(cloud, keys):
    id = uuid7()
    _, by_old = KmsMasterKeys({"m1": keys._ring["m1"]}, client_of(cloud), "AES-256-GCM").wrap(id, bytes(32))
    ring = {**keys._ring, "m1": new_master("gone").partition(":")[2]}

    class OldOneGone:
        def decrypt(self, ciphertext: str, bound: Any, *, now: datetime) -> bytes:
            if bound["id"] == "m1":
                raise KmsError("ResourceUnavailable.CmkNotFound", revoked=True)
            return client_of(cloud).decrypt(ciphertext, bound, now=now)

    keys = KmsMasterKeys(ring, OldOneGone(), "AES-256-GCM")
    assert keys.wrap(id, bytes(32))[0] == "m2"
    with pytest.raises(vault.VaultError, match="'m1' is not configured"):
        keys.unwrap(id, by_old, "m1")


def test_a_house_moves_its_keys_to_the_kms_and_from_one_of_them_to_the_next(cloud, settings):
    row, key = vault.new_key("subject", 7)  # under a key that stands in the environment
    vault.insert_key(row)
    blob = key.seal("t.f", row.id, "张小明")
    moved = new_master(row.master_key_id)
    settings.VAULT_MASTER_KEYS = f"kms:{moved}"
    vault.open_master_keys()
    assert vault.unwrap(row).open("t.f", row.id, blob) == "张小明"
    settings.VAULT_MASTER_KEYS = f"kms:{new_master('m2')},{moved}"
    call_command("vault", "rotate", stdout=StringIO())
    stored = DataKey.objects.get(pk=row.id)
    assert stored.master_key_id == "m2"
    assert vault.unwrap(stored).open("t.f", row.id, blob) == "张小明"


def test_the_ring_may_stand_in_a_file_and_holds_no_key(cloud, settings, tmp_path):
    path = tmp_path / "ring"
    line = new_master("m1")
    path.write_text(line + "\n")
    settings.VAULT_MASTER_KEYS = f"kms:file:{path}"
    row, _ = vault.new_key("subject", 7)
    assert row.master_key_id == "m1"
    material = client_of(cloud).decrypt(line.partition(":")[2], context("m1"), now=datetime.now(UTC))
    assert len(material) == 32 and material.hex() not in line.encode().hex()


@pytest.mark.parametrize("text", ["a", ":b", "a:", "a:b,a:c", "a" * 41 + ":b"])
def test_a_badly_written_ring_is_refused(text):
    with pytest.raises(ValueError, match="a ring is written"):
        parse_ring(text)


def test_checkout_without_the_kms_is_a_503_that_leaves_nothing_and_the_same_request_succeeds_after_it(
    cloud, settings, client
):
    settings.VAULT_MASTER_KEYS = f"kms:{new_master('m1')}"
    vault.open_master_keys()
    world = make.made_world()
    alice = Phone(client, world.shop.appid, make.token(world.alice, make.present()))
    now = make.present()
    body = {
        "quote": str(make.quote(world.alice, ("HD-1", 1), now=now).token),
        "risk_notice": make.notice_hash(now),
    }
    alice.get("me")
    kept, keys = (Order, Receipt, Judgement, Event, DataKey), vault.master_keys()
    before = [model.objects.count() for model in kept]
    cloud.control("switches", call="kms_decrypt", mode="500_before", times=1000)
    keys._kept = None  # a process that has just started
    answer = alice.post("orders", body, Idempotency_Key="order-0001")
    assert (answer.status_code, answer.json()["code"]) == (503, "keys_unavailable")
    assert [model.objects.count() for model in kept] == before
    until(lambda: not keys._asking.locked())
    cloud.control("reset")
    keys._not_before = None
    keys.open()
    answer = alice.post("orders", body, Idempotency_Key="order-0001")
    assert answer.status_code == 201
    assert Order.objects.get().number == answer.json()["number"]
    assert calls(cloud) == ["kms_decrypt"]


def test_master_keys_do_not_leave_the_process(keys):
    assert repr(keys) == "<KmsMasterKeys m2, m1>"
    with pytest.raises(TypeError):
        pickle.dumps(keys)
    with pytest.raises(Tampered):
        keys.unwrap(uuid7(), b"\x01" + bytes(60), "m2")
