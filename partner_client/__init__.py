"""A small typed client for `/partner/v1/`: it fetches tokens, signs what changes something, and tries again.

    from partner_client import Client

    shop = Client("https://api.example.com", "client id", "client secret", "signing key", "maison")
    for order in shop.each(shop.get_orders, acknowledged=False):
        shop.post_order_acknowledgement(order["number"], {"reference": "SO-1"})

It needs `requests` and nothing else. `calls.py` and `shapes.py` are made from the OpenAPI document.
"""

from partner_client.client import Client
from partner_client.transport import PartnerError, Signer, verify_webhook

__all__ = ["Client", "PartnerError", "Signer", "verify_webhook"]
