"""The partner API's URL space."""

from __future__ import annotations

from django.urls import path

from partner_api import status
from partner_api.me import Me
from partner_api.token import token

urlpatterns = [
    path("status", status.status),
    path("token", token),
    path("me", Me.as_view()),
]
