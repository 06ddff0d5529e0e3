"""api.weixin.qq.com: log-in, access token and phone number, with WeChat's own errcodes."""

import base64
import secrets

from sandbox.scene import Scene
from sandbox.wire import Json, LoginFault, Reply, Request, json_reply, loads
from sandbox.world import Storefront


def _client(scene: Scene, appid: object, secret: object) -> Storefront:
    if not appid:
        raise LoginFault(41002, "appid missing")
    if not secret:
        raise LoginFault(41004, "appsecret missing")
    storefront = scene.world.by_appid(str(appid))
    if storefront is None:
        raise LoginFault(40013, "invalid appid")
    if not secrets.compare_digest(storefront.secret.encode(), str(secret).encode()):
        raise LoginFault(40125, "invalid appsecret")
    return storefront


def _body(request: Request) -> Json:
    try:
        return loads(request.body)
    except ValueError:
        raise LoginFault(47001, "data format error") from None


def jscode2session(scene: Scene, request: Request) -> Reply:
    """GET /sns/jscode2session?appid&secret&js_code&grant_type; answered as text/plain, as WeChat does."""
    query = request.query
    storefront = _client(scene, query.get("appid"), query.get("secret"))
    if query.get("grant_type") != "authorization_code":
        raise LoginFault(40002, "invalid grant_type")
    if not query.get("js_code"):
        raise LoginFault(41008, "missing code")
    facts = scene.codes.redeem(
        "login", storefront.appid, query["js_code"], used_error=LoginFault(40163, "code been used")
    )
    session = {"session_key": base64.b64encode(secrets.token_bytes(16)).decode(), **facts}
    return json_reply(session, content_type="text/plain")


def stable_token(scene: Scene, request: Request) -> Reply:
    """POST /cgi-bin/stable_token {grant_type, appid, secret, force_refresh}."""
    body = _body(request)
    storefront = _client(scene, body.get("appid"), body.get("secret"))
    if body.get("grant_type") != "client_credential":
        raise LoginFault(40002, "invalid grant_type")
    forced = body.get("force_refresh", False)
    if not isinstance(forced, bool):
        raise LoginFault(47001, "data format error")
    return json_reply(scene.tokens.stable(storefront.appid, force_refresh=forced))


def phone(scene: Scene, request: Request) -> Reply:
    """POST /wxa/business/getuserphonenumber?access_token= {code}."""
    appid = scene.tokens.check(request.query.get("access_token"))
    code = _body(request).get("code")
    if not isinstance(code, str) or not code:
        raise LoginFault(40029, "invalid code")
    facts = scene.codes.redeem("phone", appid, code, used_error=LoginFault(40029, "invalid code"))
    info = {**facts, "watermark": {"timestamp": int(scene.clock.now()), "appid": appid}}
    return json_reply({"errcode": 0, "errmsg": "ok", "phone_info": info})
