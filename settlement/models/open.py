"""Of which orders something may still go abroad: what is looked through, however long the history grows."""

from __future__ import annotations

from django.db import models

from orders.models import Order
from storefronts.models import Storefront


class OpenOrder(models.Model):
    """A paid order of which something may still go abroad or be taken back.

    The database itself adds it when the order is paid and with every entry of it; it goes once nothing is
    left, and comes back with the next entry.
    """

    order = models.OneToOneField(Order, on_delete=models.PROTECT, primary_key=True, related_name="+")
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return str(self.order_id)
