"""Identity numbers of GB 11643-1999: each fault is named; permits and permanent residence cards are known."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.identity import PROVINCES, TEXTS, Fault, Kind, age, check

TODAY = date(2026, 11, 23)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def numbered(body: str) -> str:
    """The check character by the weights of the standard, written out apart from the code under test."""
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def test_the_number_of_the_standards_own_example_is_well_formed():
    checked = check("11010519491231002X", TODAY)
    assert checked.well_formed and checked.faults == ()
    assert (checked.kind, checked.birth_date) == (Kind.RESIDENT, date(1949, 12, 31))


@pytest.mark.parametrize(
    "written", ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"]
)
def test_spelling_is_forgiven_and_standardised(written):
    assert check(written, TODAY).number == "11010519491231002X"
    assert check(written, TODAY).well_formed


@pytest.mark.parametrize(
    ("number", "faults"),
    [
        ("", [Fault.LENGTH]),
        ("110105491231002", [Fault.LENGTH]),
        ("1101051949123100２XX", [Fault.LENGTH]),
        ("11010519491231O02X", [Fault.CHARACTERS]),
        ("X1010519491231002X", [Fault.CHARACTERS]),
        ("110105194912310021", [Fault.CHECKSUM]),
        (numbered("99010519491231002"), [Fault.REGION]),
        (numbered("71010519491231002"), [Fault.REGION]),
        (numbered("81010519491231002"), [Fault.REGION]),
        (numbered("11010519490229002"), [Fault.BIRTH_DATE]),
        (numbered("11010518991231002"), [Fault.BIRTH_DATE]),
        (numbered("11010520261124002"), [Fault.BIRTH_DATE]),
        ("991305194902300021", [Fault.REGION, Fault.BIRTH_DATE, Fault.CHECKSUM]),
    ],
)
def test_every_fault_is_named(number, faults):
    checked = check(number, TODAY)
    assert list(checked.faults) == faults
    assert not checked.well_formed


def test_who_was_born_today_has_a_number():
    assert check(numbered("11010520261123002"), TODAY).well_formed


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("81000019940823002", Kind.PERMIT),
        ("82000019940823002", Kind.PERMIT),
        ("83000019920130002", Kind.PERMIT),
        ("93115619810803002", Kind.FOREIGNER),
    ],
)
def test_permits_and_permanent_residence_cards_are_told_apart(body, kind):
    checked = check(numbered(body), TODAY)
    assert checked.well_formed
    assert checked.kind == kind


@settings(deadline=None)
@given(
    st.sampled_from(sorted(PROVINCES)),
    st.integers(0, 9999),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
    st.integers(0, 16),
    st.integers(1, 9),
)
def test_a_wrong_digit_never_passes(province, county, born, serial, at, add):
    good = numbered(f"{province}{county:04d}{born:%Y%m%d}{serial:03d}")
    assert check(good, TODAY).well_formed
    wrong = good[:at] + str((int(good[at]) + add) % 10) + good[at + 1 :]
    assert Fault.CHECKSUM in check(wrong, TODAY).faults


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2008, 11, 23), date(2026, 11, 22), 17),
        (date(2008, 11, 23), date(2026, 11, 23), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age_is_full_years(born, day, years):
    assert age(born, day) == years


def test_a_checked_number_does_not_show_itself():
    assert "1949" not in repr(check("11010519491231002X", TODAY))
    assert repr(check("110105194912310021", TODAY)) == "<Checked checksum>"


def test_every_fault_has_a_text_in_both_languages():
    assert set(TEXTS) == set(Fault)
    assert all(en and zh for en, zh in TEXTS.values())
