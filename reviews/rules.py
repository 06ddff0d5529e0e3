"""The published rules of reviews (信用评价规则, E-commerce Law art. 39), in plain words."""

from __future__ import annotations

RULES: tuple[tuple[str, str], ...] = (
    (
        "只有收到商品的订购账号可以评价，每件商品评价一次、追加一次，可以匿名，也可以撤回。",
        "Only who has received goods reviews them: each line once, with one addition, anonymously if wished;"
        " and may take it back.",
    ),
    (
        "评价按发布时间由近到远排列，不按好评差评、付费或个人特征排序。",
        "Reviews stand by the time of writing, the latest first: not by praise, payment or who reads them.",
    ),
    (
        "店铺不能删除评价。文字经内容安全检测后展示，检测未通过的及全部图片由人工审核。",
        "The shop cannot delete a review. Words are checked before they are shown; what does not pass, and"
        " every picture, is looked at by a person.",
    ),
    (
        "仅依法屏蔽违法内容：理由告知作者并公开标注，星级仍计入评分；作者可联系客服复核。",
        "Only unlawful content is hidden: the ground is told to the author and shown to all, and its stars"
        " still count; the author may have it looked at again.",
    ),
    (
        "评分是全部已展示及被屏蔽评价星级的算术平均，撤回的不计入。店铺不以返现、赠品换取好评。",
        "The score is the mean of all stars shown or hidden, without those taken back. The shop gives nothing"
        " for praise.",
    ),
    (
        "注销账号后，评价的文字、图片与昵称一并删除，仅保留无法识别个人的星级。",
        "When an account is closed, words, pictures and name go; only the stars stay, tied to nobody.",
    ),
)
