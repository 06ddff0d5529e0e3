"""A carrier's words are kept without anyone's telephone, identity number or name, whoever it is.

Who signs for a parcel and who carries it are natural persons alike: their names are personal information
(个人信息保护法 Art. 4), and to tell where a parcel is takes none of them (Art. 6). What a carrier means
stands in its code, which is read before its words are masked; a word too many may be starred, roles
and places stay.
"""

from __future__ import annotations

import re

from compliance import masking

KEPT = 400
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d|0\d{2,3}-?|400-?)\d{4}-?(\d{4})(?!\d)")
_IDENTITY = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
)
_PAPER = re.compile(r"((?:身份证|护照|通行证|证件)(?:件|号码?|编号)?\s*[:：]?\s*)([A-Za-z0-9*]{5,})")

_HAN = "㐀-鿿\U00020000-\U000323af"
_NAME = (
    rf"(?:[{_HAN}]{{1,4}}?(?:[·•.][{_HAN}]{{1,12}}?)*|[A-Za-z][A-Za-z.'-]*(?: [A-Za-z][A-Za-z.'-]*){{0,3}})"
)
_LONG = rf"(?:[{_HAN}·•.—－-]{{1,30}}+|[A-Za-z][A-Za-z.'-]*(?: [A-Za-z][A-Za-z.'-]*){{0,3}})"
_OPEN, _CLOSE = r"[\[【（(「“\"]", r"[\]】）)」”\"]"
_WHO = (
    r"(?:签收|收件|收货|寄件|代收|代签|代签收|取件|领取|提货|联系|派件|派送|揽收|揽件|经手|操作|负责|接收)人"
    r"|(?:派件|派送|配送|投递|快递|收派|收件|揽收|揽件|取件|业务|操作|快件|派)员|快递小哥|小哥|骑手|师傅|姓名|收方|签收方"
)
# What follows a name, where nothing divides the two.
_THEN = (
    r"(?=$|[\s,，。.;；、:：!！/\d]|"
    + _OPEN
    + "|"
    + _CLOSE
    + r"|正在|已|将|为您|给您|电话|手机|联系|签收|代签|代收|派|揽|取|收件|送|感谢|凭|上门|与|及"
    + r"|身份|实名|证件|信息|姓名)"
)
_DIVIDED = re.compile(rf"((?:{_WHO})(?:\s*[:：]\s*|\s*{_OPEN}\s*|(?:为|是)[:：]?\s*))({_LONG})(?!\*)")
_JOINED = re.compile(rf"((?:{_WHO})\s*)({_NAME}){_THEN}")
_BY = re.compile(rf"((?:由|被)\s*{_OPEN}?\s*)({_NAME})(?=\s*{_CLOSE}?\s*(?:签收|代签|代收|派|揽|取|送|领))")
_SIGNED = re.compile(
    r"(?i)(signed(?: for)? by|received by|courier|recipient)(\s*:?\s+)"
    r"([A-Z][A-Za-z.'-]*(?: [A-Z][A-Za-z.'-]*){0,3})"
)
_CALLED = re.compile(
    rf"([{_HAN}·]{{1,12}}?)(?=\s*{_OPEN}?\s*(?:(?:联系)?(?:电话|手机号?|方式)\s*)?[,，:：]?\s*1[3-9]\d\*{{4}}\d{{4}})"
)
_BEFORE = re.compile(rf"^(.*(?:的|由|员|人|哥|手|站|点|部|司|{_WHO}))(?=.)")
# Roles, places and acts, which name no one; a name may follow the first ones.
_ROLE = re.compile(
    r"(?:本人|家人|家属|亲友|亲属|亲戚|朋友|同事|同学|邻居|他人|其他人|前台|门卫|保安|物业|管家)(?:代签|代收|签收)?[-—－]?"
)
_NO_NAME = re.compile(
    r"门口|家门|驿站|丰巢|蜂巢|菜鸟|妈妈|兔喜|熊猫|快递|速递|快件|包裹|自提|代收|代签|收发|传达|单位|公司|学校|"
    r"客户|客服|用户|拒|凭|地址|电话|手机|联系|要求|签|收|派|揽|取|投|上门|邮|信报|楼下|图片|网点|货|分拣|超时|"
    r"身份|实名|姓名|号码|信息|致电|预约|寄件|发件"
)
# How a sentence goes on where nothing divides a role from what follows.
_GOES_ON = re.compile(r"[不未无在已正将的为是现因会可请与及和给您暂转]")
_PLACE = re.compile(
    r"(?:站|店|柜|点|超市|中心|室|台|亭|处|公司|部|箱|局|所|库|口|楼|司|院|园|区|市|县|省|路|街|号)$"
)


_BLANKS, _BEYOND = re.compile(r"\s+"), 200  # so much more is read, that nothing is cut before it is masked


def masked(text: str) -> str:
    """The carrier's words without anyone's whole telephone, identity number or name, at most KEPT of them."""
    text = _BLANKS.sub(" ", text)[: KEPT + _BEYOND]
    text = _PAPER.sub(lambda found: found[1] + masking.id_number(found[2]), text)
    text = _IDENTITY.sub(lambda found: masking.id_number(found[0]), text)
    text = _PHONE.sub(lambda found: f"{found[1]}****{found[2]}", text)
    text = _DIVIDED.sub(lambda found: found[1] + _starred(found[2]), text)
    text = _JOINED.sub(lambda found: found[1] + _followed(found[2]), text)
    text = _BY.sub(lambda found: found[1] + _starred(found[2]), text)
    text = _SIGNED.sub(lambda found: found[1] + found[2] + masking.name(found[3]), text)
    return _CALLED.sub(lambda found: _last(found[1]), text)[:KEPT]


def _starred(word: str) -> str:
    """A name as a screen may show it; what names a role or a place stays."""
    if _PLACE.search(word):
        return word
    role = _ROLE.match(word)
    if role:
        return role[0] + _starred(word[role.end() :])
    return word if _NO_NAME.match(word) else masking.name(word)


def _followed(word: str) -> str:
    return word if _GOES_ON.match(word) else _starred(word)


def _last(words: str) -> str:
    """Who is named right before a telephone: what stands behind a role or a place, or the last characters."""
    before = _BEFORE.match(words)
    kept = before[1] if before else "" if "·" in words else words[:-3]
    return kept + _starred(words[len(kept) :])
