"""One connection pool per WeChat host and thread, whoever asks, and no secret of a URL in any log."""

import logging
from functools import lru_cache

from kernel.gateways import Gateway

USER_AGENT = "crossborder-storefront/0.1"

# At DEBUG urllib3 writes whole URLs, and the addresses of api.weixin.qq.com carry secrets and tokens.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


@lru_cache(maxsize=64)
def gateway(party: str, base_url: str) -> Gateway:
    """The shared gateway to `base_url` (scheme and host, as in `https://api.weixin.qq.com`)."""
    return Gateway(party=party, base_url=base_url.rstrip("/"))
