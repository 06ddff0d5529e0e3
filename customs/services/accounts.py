"""A way to a customs district goes in whole: where it declares, who signs, what answers for tax."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from customs.models import PortAccount
from customs.services.keys import set_key, set_machine
from customs.services.sending import MACHINE_REFUSED
from kernel import events
from kernel.cases import settle_open
from kernel.errors import Invalid
from kernel.tenancy import everything, tenant
from partners.models import Connection, Partner
from storefronts.models import Storefront


@dataclass(eq=False)
class AccountWrong(Invalid):
    """What is told of a port account cannot be so."""

    code = "port_account_wrong"
    title = "This port account cannot be used: {what}."
    title_zh = "该口岸账户填写有误：{what}。"
    what: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Where and as whom the storefront declares: the columns of PortAccount, the guarantee in fen."""

    customs_code: str
    port_code: str
    traffic: str
    dxp_id: str
    dispatch_country: str = "142"
    site_code: str = ""
    site_certificate: str = ""
    transport: str = PortAccount.Transport.HTTP.value
    folder: str = ""
    broker_id: int | None = None
    guarantor: str = PortAccount.Guarantor.DECLARANT.value
    guarantee_fen: int = 0
    batch: int = 100


@dataclass(frozen=True, slots=True)
class Secret:
    """What signs: a key with its certificate, or the password of the card in the signing machine (加签机)."""

    signer: str
    value: str
    number: str = ""
    certificate: str = ""


def set_account(
    *, storefront: Storefront, terms: Terms, secret: Secret, by: str, now: datetime
) -> PortAccount:
    """Declare at this district in this way from now on. What is on its way goes on as it was signed.

    Raises AccountWrong, and BadKey where the key is none or is not that of its certificate.
    """
    if terms.transport == PortAccount.Transport.FOLDER:
        terms = replace(terms, folder=_folder(terms))
    by_broker = terms.transport == PortAccount.Transport.BROKER
    known = set(brokers(storefront).values_list("partner_id", flat=True)) if by_broker else set()
    if by_broker and terms.broker_id not in known:
        raise AccountWrong(
            what="须选择已接入本店铺的报关行 · name a broker that is connected to this storefront"
        )
    terms = replace(terms, broker_id=terms.broker_id if by_broker else None)
    with tenant(storefront.pk):
        locked = (
            Storefront.objects.select_for_update(of=("self",), no_key=True)
            .select_related("key")
            .get(pk=storefront.pk)
        )
        account = PortAccount.objects.filter(storefront=locked, customs_code=terms.customs_code).first()
        account = account or PortAccount(storefront=locked, signer=PortAccount.Signer.MACHINE)
        account.storefront = locked
        for name, value in asdict(terms).items():
            setattr(account, name, value)
        try:
            account.full_clean(exclude=["key_sealed", "password_sealed"])
        except ValidationError as fault:
            raise AccountWrong(what="; ".join(fault.messages)) from fault
        account.save()
        if secret.signer == PortAccount.Signer.MACHINE:
            set_machine(account=account, password=secret.value)
        else:
            set_key(
                account=account,
                method=secret.signer,
                secret=secret.value,
                number=secret.number,
                certificate=secret.certificate,
            )
        again(account=account, by=by, now=now)
        events.record(
            storefront_id=locked.pk,
            name="portaccount.set",
            key=f"portaccount:{account.pk}",
            facts={"by": by, "district": account.customs_code, "signer": account.signer},
            now=now,
        )
    return account


def brokers(storefront: Storefront) -> QuerySet[Connection]:
    """The connections of brokers to a storefront, one of which may have the box of a district."""
    return Connection.objects.filter(
        storefront=storefront, ended_at=None, kind=Partner.Kind.BROKER, partner__kind=Partner.Kind.BROKER
    )


def _folder(terms: Terms) -> str:
    """Below the one that the platform gives to ports' clients, and of no other box: what lies there is sent,
    read and put away by us. Raises AccountWrong."""
    root, folder = Path(settings.PORT_FOLDERS).resolve(), Path(settings.PORT_FOLDERS, terms.folder).resolve()
    if not settings.PORT_FOLDERS or root not in folder.parents:
        raise AccountWrong(what="文件夹须位于 PORT_FOLDERS 之下 · the folder lies below PORT_FOLDERS")
    with everything():
        others = PortAccount.objects.filter(transport=terms.transport).exclude(dxp_id=terms.dxp_id)
        taken = [Path(one) for one in others.values_list("folder", flat=True)]
    if any(one == folder or one in folder.parents or folder in one.parents for one in taken):
        raise AccountWrong(what="文件夹已被其他传输编号使用 · the folder is that of another dxpId")
    return str(folder)


def again(*, account: PortAccount, by: str, now: datetime) -> None:
    """Let the signing machine be asked again: its card is in, and opens by the password that is kept."""
    PortAccount.objects.filter(pk=account.pk).exclude(machine_refused="").update(machine_refused="")
    account.machine_refused = ""
    settle_open(kinds=[MACHINE_REFUSED], key=f"port:{account.public_id}", by=by, note="asked again", now=now)
