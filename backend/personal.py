"""Every personal field of the house, as its apps declare them; what is missing here fails the tests."""

from __future__ import annotations

from compliance import personal as compliance
from compliance.personal_fields import PersonalField
from customers import personal as customers
from orders import personal as orders
from payments import personal as payments

FIELDS: tuple[PersonalField, ...] = (
    *compliance.FIELDS,
    *customers.FIELDS,
    *orders.FIELDS,
    *payments.FIELDS,
)
