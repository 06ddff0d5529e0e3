"""Where the real parties are: production talks to these hosts alone; the platform's page tells."""

from __future__ import annotations

from collections.abc import Mapping

PARTY_HOSTS: Mapping[str, frozenset[str]] = {
    "WECHAT_API_BASE": frozenset({"api.weixin.qq.com", "api2.weixin.qq.com", "sh.api.weixin.qq.com"}),
    "WECHAT_PAY_BASE": frozenset(
        {"api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "apihk.mch.weixin.qq.com"}
    ),
    "WECHAT_CUSTOMS_BASE": frozenset({"apihk.mch.weixin.qq.com", "api.mch.weixin.qq.com"}),
    "FACEID_BASE": frozenset({"faceid.tencentcloudapi.com"}),
    "SF_BASE": frozenset({"sfapi.sf-express.com", "sfapi.sfexpress.com"}),
    "KUAIDI100_BASE": frozenset({"poll.kuaidi100.com"}),
    "PORT_DATA_BASE": frozenset({"customs.chinaport.gov.cn"}),
    "CFETS_BASE": frozenset({"www.chinamoney.com.cn", "iftp.chinamoney.com.cn"}),
}
