"""Plays the check of users' words (文本内容安全识别): a word in the text decides what is suggested."""

from sandbox.scene import Scene
from sandbox.subscribe import OPENID_LENGTH
from sandbox.wire import LoginFault, Reply, Request, json_reply, loads
from sandbox.world import openid_prefix

CHECK = "/wxa/msg_sec_check"
MOST = 2_500
# Word in the text → suggestion and label (20006 违法犯罪, 21000 其他).
SAYS = {"违法": ("risky", 20006), "可疑": ("review", 21000)}


def check(scene: Scene, request: Request) -> Reply:
    """POST /wxa/msg_sec_check?access_token= {content, version, scene, openid}."""
    appid = scene.tokens.check(request.query.get("access_token"))
    try:
        body = loads(request.body)
    except ValueError:
        raise LoginFault(47001, "data format error") from None
    text, reader = body.get("content"), body.get("openid")
    if body.get("version") != 2 or body.get("scene") not in (1, 2, 3, 4):
        raise LoginFault(40129, "invalid scene or version")
    if not isinstance(text, str) or not 0 < len(text) <= MOST:
        raise LoginFault(44991, "invalid content length")
    if not isinstance(reader, str) or not (
        reader.startswith(openid_prefix(appid)) and len(reader) == OPENID_LENGTH
    ):
        raise LoginFault(40003, "invalid openid")
    suggest, label = next((said for word, said in SAYS.items() if word in text), ("pass", 100))
    result = {"suggest": suggest, "label": label}
    return json_reply({"errcode": 0, "errmsg": "ok", "result": result, "detail": [], "trace_id": "60ae-1"})
