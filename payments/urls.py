"""Where WeChat Pay delivers."""

from django.urls import path

from payments import webhooks

urlpatterns = [path("wechat/<str:mchid>", webhooks.wechat_pay)]
