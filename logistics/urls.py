"""Where trackers deliver."""

from django.urls import path

from logistics import webhooks

urlpatterns = [path("kuaidi100/<slug:code>", webhooks.kuaidi100)]
