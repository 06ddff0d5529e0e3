"""Plays subscribe messages (订阅消息): one consent of a user to a template is one message, and no more."""

import re

from sandbox.payer import text
from sandbox.scene import Scene
from sandbox.subscriptions import Template
from sandbox.wire import ControlFault, Json, LoginFault, Reply, Request, json_reply, loads
from sandbox.world import openid, openid_prefix

SEND = "/cgi-bin/message/subscribe/send"
OPENID_LENGTH = 28
SHAPES = {
    "thing": r"(?s).{1,20}",
    "character_string": r"[!-~ ]{1,32}",
    "number": r"\d{1,32}(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
    "time": r"(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d\d",
    "date": r"\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d\d)?",
}


def send(scene: Scene, request: Request) -> Reply:
    """POST /cgi-bin/message/subscribe/send?access_token=."""
    appid = scene.tokens.check(request.query.get("access_token"))
    try:
        body = loads(request.body)
    except ValueError:
        raise LoginFault(47001, "data format error") from None
    kept, reader, template_id = scene.subscriptions, body.get("touser"), body.get("template_id")
    with kept.lock:
        template = kept.templates.get(str(template_id))
        if not isinstance(reader, str) or not _is_openid(appid, reader):
            raise LoginFault(40003, "invalid openid")
        if template is None or template.appid != appid:
            raise LoginFault(40037, "invalid template_id")
        page = body.get("page", "")
        if kept.pages is not None and page and str(page).partition("?")[0] not in kept.pages:
            raise LoginFault(41030, "invalid page")
        said = _said(template, body.get("data"))
        key = (reader, str(template_id))
        if kept.consents.get(key, 0) < 1:
            raise LoginFault(43101, "user refuse to accept the msg")
        kept.consents[key] -= 1
        kept.delivered.append({"openid": reader, "template_id": template_id, "page": page, "data": said})
    return json_reply({"errcode": 0, "errmsg": "ok"})


def _is_openid(appid: str, reader: str) -> bool:
    return reader.startswith(openid_prefix(appid)) and len(reader) == OPENID_LENGTH


def _said(template: Template, data: object) -> Json:
    if not isinstance(data, dict):
        raise LoginFault(47003, "argument invalid! data missing")
    said: Json = {}
    for name in template.fields:
        held = data.get(name)
        value = held.get("value") if isinstance(held, dict) else None
        shape = SHAPES[name.rstrip("0123456789")]
        if not isinstance(value, str) or not re.fullmatch(shape, value):
            raise LoginFault(47003, f"argument invalid! data.{name}.value invalid")
        said[name] = value
    return said


def control(scene: Scene, told: Json) -> Json:
    """Set up a template (`fields`), the published `pages`, or let `user` accept or reject `times` (1) times.

    A user who rejects takes back nothing of what they accepted; `forget` takes all of it.
    """
    kept, template_id = scene.subscriptions, text(told, "template_id") or ""
    with kept.lock:
        if "pages" in told:
            pages = told["pages"]
            kept.pages = {str(page) for page in pages} if isinstance(pages, list) else None
        if "fields" in told:
            _template(scene, told, template_id)
        act, user = text(told, "act"), text(told, "user")
        if act is None:
            return {}
        template = kept.templates.get(template_id)
        if template is None or not user or act not in ("accept", "reject", "forget"):
            raise ControlFault(400, "accept, reject or forget by a user, of a template that is there")
        key = (openid(template.appid, user), template_id)
        times = told.get("times", 1)
        if act == "accept" and isinstance(times, int):
            kept.consents[key] = kept.consents.get(key, 0) + times
        elif act == "forget":
            kept.consents[key] = 0
        return {"left": kept.consents.get(key, 0)}


def _template(scene: Scene, told: Json, template_id: str) -> None:
    fields, storefront = told["fields"], scene.world.by_appid(text(told, "appid") or "")
    if storefront is None or not template_id or not isinstance(fields, list):
        raise ControlFault(400, "a template has an appid, a template_id and fields")
    if not all(isinstance(one, str) and one.rstrip("0123456789") in SHAPES for one in fields):
        raise ControlFault(400, f"a field is one of {tuple(SHAPES)} with a number")
    scene.subscriptions.templates[template_id] = Template(storefront.appid, tuple(fields))


def read(scene: Scene, told: Json) -> Json:
    """What was delivered, and what is left of consents."""
    kept = scene.subscriptions
    with kept.lock:
        left = [{"openid": who, "template_id": name, "left": n} for (who, name), n in kept.consents.items()]
        return {"delivered": list(kept.delivered), "left": left}
