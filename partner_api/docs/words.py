"""What the pages say around guides and reference, in both languages."""

from __future__ import annotations

from typing import Final

_ROWS: Final = (
    ("title", "Partner API", "合作伙伴接口"),
    ("skip", "Skip to the text", "跳到正文"),
    ("guides", "Guides", "指南"),
    ("reference", "Reference", "接口参考"),
    ("more", "More", "其他"),
    ("events", "Events", "事件"),
    ("scopes", "Scopes", "权限范围"),
    ("changes", "Changes", "变更"),
    ("sandbox", "Keys for the sandbox", "自助获取沙箱密钥"),
    ("client", "Python client (zip)", "Python 客户端（zip）"),
    ("document", "OpenAPI 3.1 (JSON)", "OpenAPI 3.1（JSON）"),
    ("language", "中文", "English"),
    ("next", "Next", "下一篇"),
    ("takes", "Takes", "请求参数"),
    ("body", "Body", "请求体"),
    ("answers", "Answers", "返回"),
    ("refuses", "Refuses", "错误"),
    ("example", "Example", "示例"),
    ("scope", "Scope", "权限"),
    ("signed", "signed", "须签名"),
    ("keyed", "Idempotency-Key", "须幂等键"),
    ("needed", "required", "必填"),
    ("deprecated", "will go", "即将停用"),
    ("name", "Name", "名称"),
    ("kind", "Type", "类型"),
    ("says", "Meaning", "说明"),
    ("nothing", "Nothing.", "无。"),
    ("sunset", "Answers until", "停用时间"),
    ("instead", "Use instead", "替代接口"),
    (
        "lead",
        "Warehouses, carriers, customs brokers and ERPs connect here: catalogue and stock in, orders out,"
        " parcels, customs and returns followed, each call signed, each event delivered.",
        "仓库、承运商、报关行与 ERP 系统由此接入：商品与库存写入，订单读出，包裹、清关与退货全程可查；"
        "每次写入均须签名，每个事件必达。",
    ),
    (
        "events_lead",
        "A webhook names the event, its object and the instant, and nothing personal. Who wants more asks"
        " for the object, with the scope for it.",
        "回调只包含事件、对象与时间，不含个人信息；需要详情时，凭相应权限查询该对象。",
    ),
    (
        "scopes_lead",
        "What a call may do is what its token, its credential and the storefront all allow."
        " The brand's owner grants scopes; personal data needs a second person's agreement.",
        "一次调用能做什么，取决于令牌、凭据与店铺三者共同允许的范围。权限由品牌方所有者授予；涉及个人信息的权限须另一人同意。",
    ),
    (
        "changes_lead",
        "Within v1 fields and calls are added, never taken away without notice. What will go says so on every"
        " answer (Deprecation, Sunset) for a year before.",
        "v1 之内只会增加字段与接口；任何停用都会提前一年在每次返回的 Deprecation 与 Sunset 头中告知。",
    ),
    ("none_going", "Nothing will go for now.", "目前没有将停用的接口。"),
)
WORDS: Final = {
    "en": {name: en for name, en, _ in _ROWS},
    "zh": {name: zh for name, _, zh in _ROWS},
}
