"""Signed HTTP to WeChat: an answer is verified or its outcome is called unknown; nothing is stored here."""
