"""wechatpy's API classes speak through our own gateway: bounded time, our shared token, our errors."""

from typing import Any

from wechatpy.client.api.base import BaseWeChatAPI
from wechatpy.client.api.wxa import WeChatWxa
from wechatpy.client.base import BaseWeChatClient

from wechat.answers import ask
from wechat.credentials import MiniProgram
from wechat.tokens import AccessTokens

# These prove themselves by the app's secret; all others carry the access token.
_WITHOUT_TOKEN = frozenset({"/sns/jscode2session"})


class PhoneNumberApi(BaseWeChatAPI):
    """What wechatpy lacks: the phone number behind a code of the mini-program's button.

    https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
    """

    def get_user_phone_number(self, code: str) -> dict[str, Any]:
        """WeChat's JSON object with `phone_info`."""
        answer: dict[str, Any] = self._post(  # type: ignore[no-untyped-call]
            "wxa/business/getuserphonenumber", data={"code": code}
        )
        return answer


class ComplaintApi(BaseWeChatAPI):
    """What wechatpy lacks: one complaint made in the mini-program (交易投诉), as it stands.

    https://developers.weixin.qq.com/miniprogram/dev/server/API/transaction-guarantee/complaint/api_getorderdetail
    """

    def get_order_detail(self, complaint_id: str) -> dict[str, Any]:
        """WeChat's JSON object with `complaintOrder`."""
        answer: dict[str, Any] = self._get(  # type: ignore[no-untyped-call]
            "wxaapi/minishop/complaintOrderDetail", params={"complaintOrderId": complaint_id}
        )
        return answer


class MiniProgramClient(BaseWeChatClient):
    """wechatpy's client with its transport replaced.

    The original waits without a time-out, fetches tokens without a lock for every call, code_to_session
    included, retries a refused token without a bound, and has its hosts fixed in each API class.
    """

    wxa = WeChatWxa()  # type: ignore[no-untyped-call]
    phone = PhoneNumberApi()  # type: ignore[no-untyped-call]
    complaint = ComplaintApi()  # type: ignore[no-untyped-call]

    def __init__(self, app: MiniProgram, *, base_url: str, tokens: AccessTokens | None = None) -> None:
        # Not calling the original constructor: it opens a session of its own.
        self.appid, self.secret = app.appid, app.secret
        self._base_url, self._tokens = base_url, tokens

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> dict[str, Any]:
        """Every call of every API class ends here; raises what `wechat.answers.ask` raises."""
        kwargs.pop("api_base_url", None)
        params, content = dict(kwargs.pop("params", {})), kwargs.pop("data", None)
        if kwargs:
            raise TypeError(f"not supported by this client: {', '.join(sorted(kwargs))}")
        path = "/" + url_or_endpoint.lstrip("/")

        def send(extra: dict[str, str]) -> dict[str, Any]:
            return ask(
                base_url=self._base_url,
                call=path.rpartition("/")[2],
                method=method,
                path=path,
                params=params | extra,
                content=content,
            )

        if path in _WITHOUT_TOKEN:
            return send({})
        if self._tokens is None:
            raise TypeError(f"{path} needs an access token")
        return self._tokens.use(lambda token: send({"access_token": token}))
