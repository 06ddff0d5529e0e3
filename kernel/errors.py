"""Every failure a caller can act on is one of five kinds, with a code, two languages and typed fields.

A concrete error stands beside the service that raises it::

    @dataclass(eq=False)
    class SoldOut(Conflict):
        code = "sold_out"
        title = "Some items are sold out."
        title_zh = "部分商品已售罄。"
        skus: list[str]

Titles may name fields in braces. Fields are shown to the caller: never put personal data in one.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from kernel.names import in_chinese


class Problem(Exception):
    """Base of every expected failure; rendered as RFC 9457 problem details by kernel.problems."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "problem"
    title: ClassVar[str] = "Something went wrong."
    title_zh: ClassVar[str] = "出现错误。"

    def facts(self) -> dict[str, Any]:
        """The typed fields of this error, as JSON-ready values."""
        if not dataclasses.is_dataclass(self):
            return {}
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    def __str__(self) -> str:
        return f"{self.code}: {self.text('en')}"

    def text(self, language: str) -> str:
        """The title in `language` ("zh" or "en"), with its fields filled in; see kernel.names."""
        if language == "zh":
            return self.title_zh.format(**in_chinese(self.facts()))
        return self.title.format(**self.facts())


class Invalid(Problem):
    """The request itself is wrong; sending it again will not help."""

    status = 422
    code = "invalid"
    title = "The request is not valid."
    title_zh = "请求内容有误。"


class Missing(Problem):
    """There is no such thing, or it is not yours; the two are not told apart."""

    status = 404
    code = "not_found"
    title = "There is nothing here."
    title_zh = "内容不存在。"


class Conflict(Problem):
    """The world has moved on; read again, then decide again."""

    status = 409
    code = "conflict"
    title = "This is no longer possible in the present state."
    title_zh = "当前状态下无法执行此操作。"


@dataclass(frozen=True)
class Refusal:
    """One sentence of law or policy that says no.

    `rule` is the id in the rule book, `citation` the document and article, `link` where to read it.
    """

    rule: str
    sentence: str
    sentence_zh: str
    citation: str
    link: str = ""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(eq=False)
class Refused(Problem):
    """Law or policy forbids it; carries every reason, not only the first."""

    status = 403
    code = "refused"
    title = "This is not allowed by law or policy."
    title_zh = "根据法律法规或平台规则，无法办理。"
    refusals: tuple[Refusal, ...] = ()


class Upstream(Problem):
    """An outside party did not do its part. `permanent` says whether trying again can help."""

    status = 503
    code = "upstream"
    title = "A partner service is not answering; please try again shortly."
    title_zh = "外部服务暂时不可用，请稍后再试。"
    permanent: bool = False

    @property
    def http_status(self) -> int:
        """502 when the outside party has said a final no, 503 when it may still answer."""
        return 502 if self.permanent else 503


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
