"""What was sealed opens only where it was sealed; keys show themselves to nobody."""

import base64
import os
import pickle
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from compliance.algorithms import ALGORITHMS, Sm4Gcm
from compliance.crypto import (
    BlindIndex,
    Key,
    LocalMasterKeys,
    Tampered,
    VaultError,
    normal,
    parse_keys,
)
from kernel.ids import uuid7

REF = UUID("018f0000-0000-7000-8000-000000000001")


def key() -> Key:
    return Key(uuid7(), os.urandom(32))


def test_a_text_comes_back_as_it_was():
    one = key()
    for text in ("", "张小明", "11010519491231002X", "a" * 10_000):
        assert one.open("t.f", REF, one.seal("t.f", REF, text)) == text


def test_the_layout_is_algorithm_nonce_ciphertext_and_tag():
    blob = key().seal("t.f", REF, "abc")
    assert blob[0] == 1
    assert len(blob) == 1 + 12 + 3 + 16


def test_the_same_text_is_never_sealed_the_same_twice():
    one = key()
    assert len({one.seal("t.f", REF, "abc") for _ in range(100)}) == 100


def test_a_field_moved_to_another_row_or_column_or_key_does_not_open():
    one = key()
    blob = one.seal("customers_identity.number", REF, "11010519491231002X")
    for label, ref, other in (
        ("customers_identity.number", uuid7(), one),
        ("customers_identity.name", REF, one),
        ("customers_identity.number", REF, key()),
    ):
        with pytest.raises(Tampered):
            other.open(label, ref, blob)


@pytest.mark.parametrize("at", [0, 1, 12, 13, -1])
def test_one_changed_bit_anywhere_does_not_open(at):
    one = key()
    blob = bytearray(one.seal("t.f", REF, "abc"))
    blob[at] ^= 1
    with pytest.raises(Tampered):
        one.open("t.f", REF, bytes(blob))


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" + b"0" * 12, b"\x03" + b"0" * 40])
def test_rubbish_and_an_unknown_algorithm_do_not_open(blob):
    with pytest.raises(Tampered):
        key().open("t.f", REF, blob)


def test_a_reference_may_be_a_uuid_or_its_text():
    one = key()
    assert one.open("t.f", str(REF), one.seal("t.f", REF, "abc")) == "abc"


def test_keys_are_not_printed_and_not_pickled():
    material = b"k" * 32
    for secret in (Key(REF, material), LocalMasterKeys({"a": material}), BlindIndex({"a": material})):
        assert "kkk" not in repr(secret) and base64.b64encode(material).decode()[:8] not in repr(secret)
        with pytest.raises(TypeError):
            pickle.dumps(secret)
    assert repr(Key(REF, material)) == f"<Key {REF}>"


def test_a_wrapped_key_opens_only_for_its_own_row_and_master_key():
    first, second = os.urandom(32), os.urandom(32)
    old = LocalMasterKeys({"old": first})
    material = os.urandom(32)
    master_key_id, wrapped = old.wrap(REF, material)
    assert master_key_id == "old" and material not in wrapped
    both = LocalMasterKeys({"new": second, "old": first})
    assert both.unwrap(REF, wrapped, "old") == material
    assert both.wrap(REF, material)[0] == "new"
    with pytest.raises(Tampered):
        both.unwrap(uuid7(), wrapped, "old")
    with pytest.raises(Tampered):
        both.unwrap(REF, wrapped, "new")
    with pytest.raises(VaultError, match="'gone' is not configured"):
        both.unwrap(REF, wrapped, "gone")


def test_master_keys_are_read_from_text_the_current_one_first():
    text = "b:" + base64.b64encode(b"1" * 32).decode() + ",a:" + base64.b64encode(b"2" * 32).decode()
    keys = LocalMasterKeys(parse_keys(text))
    assert (keys.current, repr(keys)) == ("b", "<LocalMasterKeys b, a>")


@pytest.mark.parametrize("text", ["abc", ":YWJj", "a:???", "a:YWJj,a:YWJj", "a" * 41 + ":YWJj"])
def test_badly_written_keys_are_refused_without_showing_them(text):
    with pytest.raises(ValueError) as refusal:
        parse_keys(text)
    assert "YWJj" not in str(refusal.value) and "???" not in str(refusal.value)


def test_keys_of_the_wrong_length_are_refused():
    for broken in (
        lambda: Key(REF, b"short"),
        lambda: LocalMasterKeys({"a": b"short"}),
        lambda: LocalMasterKeys({}),
    ):
        with pytest.raises(ValueError, match="32 bytes"):
            broken()


def test_the_blind_index_finds_equal_values_in_any_spelling_and_tells_kinds_apart():
    index = BlindIndex({"i1": b"x" * 32})
    assert index.blind("phone", "+86 138 0013-8000") == index.blind("phone", "13800138000")
    assert index.blind("id_number", " 11010519491231002x ") == index.blind("id_number", "11010519491231002X")
    assert index.blind("address", "浙江省 杭州市，西湖区 1号") == index.blind(
        "address", "浙江省杭州市西湖区1号"
    )
    assert index.blind("openid", "oAbC") != index.blind("openid", "oabc")
    assert index.blind("phone", "13800138000") != index.blind("openid", "13800138000")
    assert len(index.blind("phone", "13800138000")) == 33
    assert b"13800138000" not in index.blind("phone", "13800138000")


def test_a_new_index_key_still_finds_what_the_old_one_indexed():
    old = BlindIndex({"i1": b"x" * 32})
    both = BlindIndex({"i2": b"y" * 32, "i1": b"x" * 32})
    stored = old.blind("phone", "13800138000")
    assert stored in both.blinds("phone", "13800138000")
    assert both.blind("phone", "13800138000") == both.blinds("phone", "13800138000")[0] != stored


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        ("phone", "008613800138000", "13800138000"),
        ("phone", "86", "86"),
        ("phone", "+44 20 7946 0000", "442079460000"),
        ("id_number", "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        ("address", "Ａ座 101室", "a座101室"),
        ("openid", " oAbC ", "oAbC"),
    ],
)
def test_each_kind_has_one_spelling(kind, written, meant):
    assert normal(kind, written) == meant


def under(algorithm: str, material: bytes = b"m" * 32) -> Key:
    return Key(REF, material, algorithm)


@pytest.mark.parametrize(("algorithm", "byte"), [("AES-256-GCM", 1), ("SM4-GCM", 2)])
def test_each_algorithm_names_itself_and_opens_under_any_key_of_the_same_bytes(algorithm, byte):
    blob = under(algorithm).seal("t.f", REF, "张小明")
    assert blob[0] == byte and len(blob) == 1 + 12 + 9 + 16
    for other in ALGORITHMS:
        assert under(other).open("t.f", REF, blob) == "张小明"


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_under_each_algorithm_nothing_opens_that_was_changed_or_moved(algorithm):
    one = under(algorithm)
    blob = one.seal("t.f", REF, "abc")
    for at in range(len(blob)):
        changed = bytearray(blob)
        changed[at] ^= 1
        with pytest.raises(Tampered):
            one.open("t.f", REF, bytes(changed))
    for label, ref, key_ in (
        ("t.g", REF, one),
        ("t.f", uuid7(), one),
        ("t.f", REF, under(algorithm, b"n" * 32)),
    ):
        with pytest.raises(Tampered):
            key_.open(label, ref, blob)
    for end in range(len(blob)):
        with pytest.raises(Tampered):
            one.open("t.f", REF, blob[:end])


def test_a_text_of_one_algorithm_does_not_pass_for_one_of_another():
    one = under("AES-256-GCM")
    for algorithm, byte in (("AES-256-GCM", b"\x02"), ("SM4-GCM", b"\x01")):
        with pytest.raises(Tampered):
            one.open("t.f", REF, byte + under(algorithm).seal("t.f", REF, "abc")[1:])


def test_sm4_gcm_meets_the_example_of_its_standard():
    """RFC 8998, A.1."""
    cipher = Sm4Gcm(b"m" * 32)
    cipher._cipher = SM4(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = cipher.encrypt(
        bytes.fromhex("00001234567800000000ABCD"),
        plain,
        bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"),
    )
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )


def test_wrapped_keys_too_change_their_algorithm_without_being_touched():
    material = os.urandom(32)
    _, old = LocalMasterKeys({"a": b"1" * 32}).wrap(REF, material)
    now_sm4 = LocalMasterKeys({"a": b"1" * 32}, "SM4-GCM")
    _, new = now_sm4.wrap(REF, material)
    assert (old[0], new[0]) == (1, 2)
    assert now_sm4.unwrap(REF, old, "a") == now_sm4.unwrap(REF, new, "a") == material
