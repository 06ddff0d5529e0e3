"""The partner API's URL space."""

from django.urls import path

from partner_api import status

urlpatterns = [path("status", status.status)]
