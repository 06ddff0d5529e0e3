"""WeChat Pay API v3: what leaves is signed, and what arrives is believed only after its signature holds."""
