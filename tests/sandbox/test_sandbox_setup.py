"""The world is written once, whole, and for its owner's eyes only."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

from cryptography import x509

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_world_holds_the_platform_and_three_storefronts(world):
    assert set(world["platform"]) == {"cert_serial", "cert_pem", "public_key_id", "public_key_pem"}
    certificate = x509.load_pem_x509_certificate(world["platform"]["cert_pem"].encode())
    assert int(world["platform"]["cert_serial"], 16) == certificate.serial_number
    assert re.fullmatch(r"PUB_KEY_ID_\d{28}", world["platform"]["public_key_id"])
    assert [one["code"] for one in world["storefronts"]] == ["maison", "swift", "wren"]
    for one in world["storefronts"]:
        assert re.fullmatch(r"wx[0-9a-f]{16}", one["appid"])
        assert re.fullmatch(r"[0-9A-F]{40}", one["merchant_serial"])
        assert len(one["apiv3_key"]) == 32
    for name in ("appid", "secret", "mchid", "merchant_serial", "merchant_private_key_pem", "apiv3_key"):
        assert len({one[name] for one in world["storefronts"]}) == 3


def test_each_storefront_has_a_declarant_with_a_card_of_both_kinds(world):
    for one in world["storefronts"]:
        port = one["port"]
        assert set(port) == {"dxp_id", "cop_code", "cop_name", "customs_code", "certificates", "machine"}
        rsa, sm2 = port["certificates"]
        assert (rsa["method"], sm2["method"]) == ("rsa-sha1", "sm2-sm3")
        made = x509.load_der_x509_certificate(base64.b64decode(rsa["certificate"]))
        assert made.serial_number == int(rsa["number"], 16)
        assert re.fullmatch(r"[0-9a-f]{64}", sm2["private_key"])
        made = x509.load_der_x509_certificate(base64.b64decode(sm2["certificate"]))
        assert made.signature_algorithm_oid.dotted_string == "1.2.156.10197.1.501"
    assert world["site"]["method"] == "sm2-sm3"  # with which the supervised site signs
    assert len({one["port"]["dxp_id"] for one in world["storefronts"]}) == 3


def test_a_world_of_an_earlier_version_gets_what_it_lacks(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    told = json.loads((tmp_path / "world.json").read_text())
    kept, site = told["storefronts"][0].pop("port"), told.pop("site")
    assert told["storefronts"].pop()["code"] == "wren"
    (tmp_path / "world.json").write_text(json.dumps(told))
    assert run("setup", str(tmp_path)).returncode == 0
    after = json.loads((tmp_path / "world.json").read_text())
    assert after["storefronts"][0]["port"]["dxp_id"] == kept["dxp_id"]
    assert after["site"].keys() == site.keys()
    assert after["storefronts"][1] == told["storefronts"][1]
    assert after["storefronts"][2]["mchid"] == "1900000303"


def test_setup_keeps_what_exists(folder):
    before = (folder / "world.json").read_bytes()
    assert run("setup", str(folder)).stdout == f"kept {folder / 'world.json'}\n"
    assert (folder / "world.json").read_bytes() == before


def test_setup_cut_short_is_done_again(tmp_path):
    (tmp_path / "platform-public.key.pem").write_text("half a ke")
    assert run("setup", str(tmp_path)).returncode == 0
    assert len(json.loads((tmp_path / "world.json").read_text())["storefronts"]) == 3


def test_keys_are_readable_by_their_owner_alone(folder):
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {
        "world.json": "0o600",
        "platform-certificate.key.pem": "0o600",
        "platform-public.key.pem": "0o600",
    }


def test_serve_without_a_world_says_how_to_make_one(tmp_path):
    refused = run("serve", str(tmp_path))
    assert refused.returncode == 1
    assert "run `python -m sandbox setup" in refused.stderr
