"""A partner's system exchanges its client credentials for a token that lives an hour (RFC 6749 §4.4).

Refusals are the JSON of RFC 6749 §5.2, which OAuth clients expect, with the members of a problem document
beside it, so that a caller may read either.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views.base import TokenView
from oauthlib.oauth2 import BackendApplicationServer

from kernel import problems, throttle
from kernel.callers import client, place
from kernel.errors import Invalid, Problem
from kernel.tenancy import everything

LIMIT = throttle.Limit("partner.token", 60, 60)


class BadClient(problems.Unauthenticated):
    """The client id or its secret is wrong; the two are not told apart."""

    code = "invalid_client"
    title = "The client id or the client secret is wrong."
    title_zh = "client_id 或 client_secret 有误。"


class BadGrant(Invalid):
    """The token request is not one that this door answers."""

    status = 400
    code = "invalid_token_request"
    title = "Ask with grant_type=client_credentials, form-encoded, for scopes this application may have."
    title_zh = "请以表单方式提交 grant_type=client_credentials，并仅申请该应用可用的权限范围。"


class Token(TokenView):
    """POST grant_type=client_credentials with the credentials as HTTP Basic or in the form."""

    http_method_names = ["post"]
    server_class = BackendApplicationServer  # knows client credentials and no other grant

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = problems.render(problems.MethodNotAllowed(), request)
        answer["Allow"] = "POST"
        return answer

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A secret is checked slowly on purpose: nobody keeps the house busy with wrong ones.
        try:
            throttle.writes.spend(LIMIT, place(client(request)))
        except problems.Throttled as often:
            return problems.render(often, request)
        # Not the base's own: it also speaks the device flow, which is not offered here.
        with everything():  # the credentials tell who is meant
            answer: HttpResponse = self.authorization_flow_token_response(request)
        answer["Cache-Control"] = "no-store"
        if answer.status_code >= 400:
            problem: Problem = BadClient() if answer.status_code == 401 else BadGrant()
            said = orjson.loads(answer.content) if answer.content else {}
            language = problems.language_of(request)
            answer.content = orjson.dumps({**problems.document(problem, language), **said})
        return answer


token = csrf_exempt(Token.as_view())
