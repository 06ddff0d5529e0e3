"""Where WeChat Pay delivers."""

from django.urls import re_path

from payments import webhooks

urlpatterns = [re_path(r"^wechat/(?P<mchid>[0-9]{1,32})$", webhooks.wechat_pay)]
