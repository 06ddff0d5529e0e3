"""What this app holds about people, field by field: the evidence of an order, under the order's own key."""

from __future__ import annotations

from compliance.personal_fields import Class, PersonalField


def _field(field: str, klass: Class, purpose: str) -> PersonalField:
    return PersonalField(
        model="orders.Order",
        field=field,
        klass=klass,
        purpose=purpose,
        basis="law",
        retention="five years from the order (the longest of the duties), then the order's key is destroyed",
        export="in the copy of their data, with the order"
        if klass != "pseudonym"
        else "not exported: it says nothing without our key",
        erase="kept sealed and restricted until its day: the law asks for it",
    )


FIELDS = (
    _field("buyer_name_sealed", "sensitive", "to declare the orderer to customs"),
    _field("buyer_number_sealed", "sensitive", "to declare the orderer to customs"),
    _field("consignee_name_sealed", "ordinary", "to deliver and to declare the consignee"),
    _field("consignee_phone_sealed", "ordinary", "to deliver and to declare the consignee"),
    _field("consignee_street_sealed", "ordinary", "to deliver and to declare the consignee"),
    _field("division_code", "ordinary", "to deliver and to declare the consignee"),
    _field("buyer_index", "pseudonym", "to see repeated orders of one person (personal use, 自用)"),
    _field("phone_index", "pseudonym", "to see repeated orders to one telephone"),
    _field("address_index", "pseudonym", "to see repeated orders to one address"),
    _field("payer_index", "pseudonym", "to see repeated orders that one WeChat user pays"),
)
