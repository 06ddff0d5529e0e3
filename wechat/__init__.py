"""Signed HTTP to WeChat: an answer is verified or its outcome is called unknown; nothing is stored here."""

OPERATOR = "深圳市腾讯计算机系统有限公司"  # who runs mini-programs, and learns what their APIs are told
