"""Who edits a shop sees its draft in the mini-program for two hours, and nobody else does."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer

from kernel.errors import Invalid

GOOD_FOR = timedelta(hours=2)
_signer = Signer(salt="shopfront.preview")


class PreviewOver(Invalid):
    """The token is not ours, another storefront's, or older than two hours."""

    code = "shop_preview_over"
    title = "This preview is over. Open it again from the admin."
    title_zh = "预览已失效，请在后台重新打开。"


def preview_token(*, storefront_id: int, now: datetime) -> str:
    """With it the draft of this storefront, and of no other, is seen for two hours."""
    until = int((now + GOOD_FOR).timestamp())
    return _signer.sign_object([storefront_id, until])


def check_preview(*, token: str, storefront_id: int, now: datetime) -> None:
    """Raises PreviewOver."""
    try:
        whose, until = _signer.unsign_object(token)
    except (BadSignature, ValueError, TypeError) as failure:
        raise PreviewOver() from failure
    if whose != storefront_id or now.timestamp() >= until:
        raise PreviewOver()
