"""Customs' codes, with the traps that other tables fall into."""

from __future__ import annotations

from catalog import reference


def test_the_codes_that_are_often_wrong_elsewhere_are_right_here() -> None:
    countries = reference.countries()
    assert countries["FR"].customs_code == "305"
    assert countries["GB"].customs_code == "303"
    units = reference.units()
    assert (units["122"], units["140"], units["001"]) == ("罐", "盒", "台")


def test_every_code_has_its_form_and_names() -> None:
    assert len(reference.units()) == 123
    assert all(len(code) == 3 and code.isdigit() and name for code, name in reference.units().items())
    assert len(reference.countries()) == 249
    assert all(len(c.iso) == 2 and len(c.customs_code) == 3 for c in reference.countries().values())
    assert reference.country_names("??") == {"zh": "??", "en": "??"}
