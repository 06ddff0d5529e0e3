"""What may be shown of a personal datum, exactly."""

import pytest

from compliance import masking


@pytest.mark.parametrize(("name", "shown"), [("张小明", "张*"), ("张三", "张*"), ("A", "A*"), ("", "")])
def test_a_name_shows_its_first_character_and_not_its_length(name, shown):
    assert masking.name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("11010519491231002X", "110105********002X"), ("1234567890", "**********"), ("", "")],
)
def test_an_identity_number_shows_six_and_four(number, shown):
    assert masking.id_number(number) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800001234/13911112222", "*" * 11),
        ("13800001234 13911112222", "*" * 11),
        ("王小明 13800001234", "*" * 11),
        ("+86 138-0000-1234", "+86 138-0****1234"),
        ("13812341234", "138****1234"),
        ("+8613812341234", "+86138****1234"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_a_phone_number_hides_its_middle(phone, shown):
    assert masking.phone(phone) == shown


def test_an_address_keeps_only_its_region():
    assert masking.address("浙江省杭州市西湖区") == "浙江省杭州市西湖区***"
    assert masking.address("") == "***"
