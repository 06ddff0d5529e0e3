"""A reader of English sees no Chinese label, and a reader of Chinese no English one."""

from __future__ import annotations

import re

import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "label"), [("en", "Username"), ("zh-CN", "用户名")])
def test_the_log_in_page_speaks_one_language(client, language, label):
    page = client.get("/admin/login/", headers={"Accept-Language": language}).content.decode()
    found = re.findall(r"<label[^>]*>\s*([^<]+?)\s*<", page)
    assert label in " ".join(found)
