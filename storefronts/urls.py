"""Where WeChat pushes to a mini-program's server."""

from django.urls import re_path

from storefronts import webhooks

urlpatterns = [re_path(r"^messages/(?P<appid>[0-9A-Za-z_]{1,32})$", webhooks.pushed)]
