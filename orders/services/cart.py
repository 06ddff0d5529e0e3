"""The cart: what a consumer means to buy; prices and stock are looked up each time it is shown."""

from __future__ import annotations

from datetime import datetime

from catalog import queries as catalog
from customers.models import Customer
from kernel.errors import Conflict
from kernel.tenancy import tenant
from orders.models import CartLine
from orders.services.quote import MAX_LINES, BadBasket, NotForSale


class CartFull(Conflict):
    """A declaration takes 99 lines, and so does a cart."""

    code = "cart_full"
    title = "The cart holds at most 99 different items."
    title_zh = "购物车最多容纳 99 种商品。"


def put(*, customer: Customer, sku: str, quantity: int, now: datetime) -> None:
    """Set how many pieces of `sku` the cart holds; 0 takes it out. Raises NotForSale, BadBasket, CartFull."""
    if quantity == 0:
        with tenant(customer.storefront_id):
            CartLine.objects.filter(customer=customer, variant__sku=sku).delete()
        return
    if not 1 <= quantity <= 99:
        raise BadBasket()
    with tenant(customer.storefront_id):
        Customer.objects.select_for_update().get(pk=customer.pk)
        variant = catalog.priced_variants(customer.storefront_id, [sku], now).get(sku)
        if variant is None:
            raise NotForSale(skus=[sku])
        held = CartLine.objects.filter(customer=customer)
        if held.exclude(variant_id=variant.variant_id).count() >= MAX_LINES:
            raise CartFull()
        CartLine.objects.update_or_create(
            customer=customer,
            variant_id=variant.variant_id,
            defaults={"storefront_id": customer.storefront_id, "quantity": quantity, "added_at": now},
        )
