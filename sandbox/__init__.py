"""Plays WeChat and Tencent Cloud over HTTP in a process of its own; knows nothing of the product."""
