"""The command opens a storefront with sealed credentials, or changes nothing, and says what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command

from compliance import vault
from compliance.models import DataKey
from storefronts.models import BrandCompany, LegalParty, MerchantAccount, PlatformKey, Storefront
from storefronts.queries import forget_kept, message_keys
from storefronts.services import APIV3_KEY, APPSECRET, PRIVATE_KEY
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db

SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
CERTIFICATE_SERIAL = int("0A57F09EFDC096DE15EBE81A47057A7232F1B8E2", 16)
TERMS = """
brand: {code: maison-group, name: Maison Group SAS, country: FR}
code: maison
name: Maison
name_zh: 梅森海外旗舰店
appid: wx0000000000000001
appsecret_file: appsecret
trade_modes: [1210]
payment_window_seconds: 1200
quote_window_seconds: 600
merchant:
  mchid: 0160000000
  serial_no: 5157f09efdc096de15ebe81a47057a7232f1b8e1
  private_key_file: merchant.pem
  apiv3_key_file: apiv3
  platform_keys:
    PUB_KEY_ID_0000000000: platform.pem
    0A57F09EFDC096DE15EBE81A47057A7232F1B8E2: certificate.pem
"""


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(make.rsa_key("platform").public_key())
        .serial_number(CERTIFICATE_SERIAL)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=9000))
        .sign(make.rsa_key("platform"), SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


@pytest.fixture
def terms(tmp_path):
    (tmp_path / "appsecret").write_text("s" * 32 + "\n")
    (tmp_path / "apiv3").write_text("k" * 32 + "\n")
    (tmp_path / "merchant.pem").write_text(make.private_pem(make.rsa_key("merchant")))
    (tmp_path / "platform.pem").write_text(make.public_pem(make.rsa_key("platform")))
    (tmp_path / "certificate.pem").write_text(certificate())
    path = tmp_path / "maison.yaml"
    path.write_text(TERMS)
    return path


def run(*args):
    out = StringIO()
    call_command("open_storefront", *map(str, args), stdout=out)
    return out.getvalue().splitlines()


def test_a_file_opens_a_storefront_with_everything_sealed(terms):
    said = run(terms)
    assert said[:2] == ["maison: opened", "maison: merchant 0160000000 is active; its keys are sealed"]
    shop = Storefront.objects.get(code="maison")
    assert (shop.name_zh, shop.trade_modes) == ("梅森海外旗舰店", ["1210"])
    assert (shop.payment_window_seconds, shop.quote_window_seconds) == (1200, 600)
    assert (shop.brand.country, shop.brand.name) == ("FR", "Maison Group SAS")
    merchant = MerchantAccount.objects.get(storefront=shop)
    assert (merchant.mchid, merchant.serial_no, merchant.active) == ("0160000000", SERIAL, True)
    key = vault.unwrap(shop.key)
    assert key.open(APPSECRET, "maison", bytes(shop.appsecret_sealed)) == "s" * 32
    assert key.open(APIV3_KEY, "0160000000", bytes(merchant.apiv3_key_sealed)) == "k" * 32
    private = key.open(PRIVATE_KEY, "0160000000", bytes(merchant.private_key_sealed))
    assert private == make.private_pem(make.rsa_key("merchant"))
    keys = dict(PlatformKey.objects.values_list("serial", "public_key_pem"))
    own = make.public_pem(make.rsa_key("platform"))
    assert keys == {"PUB_KEY_ID_0000000000": own, "0A57F09EFDC096DE15EBE81A47057A7232F1B8E2": own}
    assert not any("s" * 32 in line or "k" * 32 in line for line in said)


def test_a_second_run_changes_nothing_and_options_win_over_the_file(terms):
    run(terms)
    assert run(terms, "--name", "Maison Paris")[0] == "maison: brought up to date"
    assert Storefront.objects.get().name == "Maison Paris"
    counts = [m.objects.count() for m in (Storefront, BrandCompany, MerchantAccount, PlatformKey, DataKey)]
    assert counts == [1, 1, 1, 2, 1]


def test_an_existing_storefront_keeps_what_is_not_given(terms):
    run(terms)
    run("--code", "maison", "--payment-window-seconds", "900")
    shop = Storefront.objects.get()
    assert (shop.payment_window_seconds, shop.quote_window_seconds) == (900, 600)
    assert (shop.name, shop.appid) == ("Maison", "wx0000000000000001")
    sealed = bytes(shop.appsecret_sealed)
    assert vault.unwrap(shop.key).open(APPSECRET, "maison", sealed) == "s" * 32
    assert MerchantAccount.objects.get().active is True


def test_options_and_the_environment_are_enough(terms, monkeypatch):
    monkeypatch.setenv("STOREFRONT_APPSECRET", "t" * 32)
    monkeypatch.setenv("STOREFRONT_APIV3_KEY", "v" * 32)
    here = terms.parent
    run(
        *("--code", "swift", "--name", "Swift", "--name-zh", "迅捷", "--appid", "wx0000000000000002"),
        *("--trade-modes", "1210", "9610", "--brand-code", "swift-group", "--brand-name", "Swift Ltd"),
        *("--brand-country", "GB", "--mchid", "1600000002", "--serial-no", SERIAL),
        *("--private-key-file", here / "merchant.pem"),
        *("--platform-key", f"PUB_KEY_ID_1={here / 'platform.pem'}"),
    )
    shop = Storefront.objects.get(code="swift")
    key = vault.unwrap(shop.key)
    assert key.open(APPSECRET, "swift", bytes(shop.appsecret_sealed)) == "t" * 32
    sealed = bytes(shop.merchants.get().apiv3_key_sealed)
    assert key.open(APIV3_KEY, "1600000002", sealed) == "v" * 32


def test_what_is_still_missing_is_told_until_nothing_is(terms):
    missing = [line for line in run(terms) if line.startswith("missing")]
    assert [line.split(":")[1].split("(")[0].strip() for line in missing] == [
        "token and key of message push",
        *(f"legal party {role.value}" for role in LegalParty.Role),
        "an active warehouse of trade mode 1210",
        "the tariff",
        "the positive list",
        "reference rates",
        "an operator",
    ]
    shop = Storefront.objects.get()
    for role in LegalParty.Role:
        LegalParty.objects.create(storefront=shop, role=role, name="x", country="FR")
    make.warehouse(shop, trade_mode="1210")
    make.tariff()
    make.rates()
    rows.operator("owner", shop)
    for name, text in (("message_token", "T" * 32), ("message_key", "k" * 43)):
        (terms.parent / name).write_text(text)
        terms.write_text(f"{name}_file: {name}\n{terms.read_text()}")
    assert run(terms)[-1] == "nothing is missing"
    forget_kept()
    found, keys = message_keys(shop.appid)
    assert (found, keys.token) == (shop.pk, "T" * 32)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("appsecret_file: appsecret", "appsecret: typed-here"), "appsecret is not known"),
        (("appsecret_file: appsecret", ""), "missing: appsecret_file or STOREFRONT_APPSECRET"),
        (("appsecret_file: appsecret", "appsecret_file: nowhere"), "nowhere cannot be read"),
        (("trade_modes: [1210]", "trade_modes: [1239]"), "trade_modes"),
        (("country: FR", ""), "missing: brand country"),
        (("mchid: 0160000000", ""), "merchant: missing mchid"),
        (("0A57F0", "0B57F0"), "the certificate's serial is"),
        (("apiv3_key_file: apiv3", "apiv3_key_file: merchant.pem"), "32 bytes"),
        (("private_key_file: merchant.pem", "private_key_file: apiv3"), "does not parse"),
        (("private_key_file: merchant.pem", "private_key_file: locked.pem"), "locked with a password"),
        (("payment_window_seconds: 1200", "payment_window_seconds: soon"), "payment_window_seconds"),
    ],
)
def test_what_is_not_usable_is_refused_and_nothing_is_written(terms, change, said):
    locked = make.rsa_key("merchant").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"invented")
    )
    (terms.parent / "locked.pem").write_bytes(locked)
    before = TERMS.replace(*change)
    assert before != TERMS
    terms.write_text(before)
    with pytest.raises(CommandError, match=said):
        run(terms)
    assert (Storefront.objects.count(), BrandCompany.objects.count(), DataKey.objects.count()) == (0, 0, 0)


def test_an_appid_of_another_storefront_is_refused_and_that_one_stays(terms):
    run(terms)
    text = TERMS.replace("code: maison\n", "code: other\n").replace("0160000000", "0160000001")
    terms.write_text(text)
    with pytest.raises(CommandError, match="belongs to the storefront maison"):
        run(terms)
    assert Storefront.objects.get().code == "maison"
