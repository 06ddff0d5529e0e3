"""A whole house for one run: servers, sandbox and web in a folder of their own, gone at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from backend import embedded
from backend.chaos.stage import Stage
from backend.embedded.files import make_folder, tail
from backend.house import ROOT, House, plan
from backend.journey.client import Sandbox
from backend.supervisor import Child, Supervisor
from catalog.models import Variant
from inventory.models import Lot, Warehouse
from inventory.services import receive
from kernel.clock import now
from storefronts.models import Storefront

LADDER = "0.001"  # WeChat's fifteen seconds until it tells again are fifteen milliseconds
CODE = "swift"  # of the demonstration's storefronts: the one with few goods
WINDOW_SECONDS, PIECES, DEAREST_FEN = 1800, 10_000, 30_000


def in_house_of_its_own(arguments: list[str], write: Callable[[str], object]) -> int:
    """Run `manage.py chaos` with `arguments` as the worker of a new house; its exit status."""
    with TemporaryDirectory(prefix="storefront-chaos-") as name:
        base = Path(name)
        servers = embedded.start(base, durable=False)
        try:
            house = plan(base / "house", servers.urls)
            write("A house of its own is set up 准备一次性环境 …")
            _run(house, "owner", [sys.executable, "-m", "sandbox", "setup", str(house.world.parent)])
            for command in (["migrate", "--verbosity=0"], ["seed_demo", f"--world={_part(house.world)}"]):
                _run(house, "owner", [sys.executable, "manage.py", *command])
            with Supervisor(log=house.log) as running:
                running.start(_hasty(house.wechat()))
                running.start(house.serving())
                return _trials(house, arguments, write)
        finally:
            servers.stop()
            embedded.discard(base)


def stage_of(world: Path, sandbox: str) -> Stage:
    """One storefront of the demonstration, with time to pay and enough of one SKU for every trial."""
    told = json.loads(_part(world).read_text(encoding="utf-8"))["storefronts"][0]
    shop = Storefront.objects.get(appid=told["appid"])
    Storefront.objects.filter(pk=shop.pk).update(payment_window_seconds=WINDOW_SECONDS)
    goods = Variant.objects.filter(
        storefront=shop, active=True, product__state="published", price_fen__lte=DEAREST_FEN
    )
    variant = goods.order_by("sku")[0]
    for place in Warehouse.objects.filter(storefront=shop):
        lot = Lot.objects.filter(stock__warehouse=place, stock__variant=variant)[0]
        receive(
            warehouse=place,
            variant=variant,
            quantity=PIECES,
            code=lot.code,
            produced_on=lot.produced_on,
            expires_on=lot.expires_on,
            inbound_list=lot.inbound_list,
            by="chaos",
            now=now(),
        )
    return Stage(shop=shop, sku=variant.sku, sandbox=Sandbox(sandbox), served=True, credentials=told)


def _part(world: Path) -> Path:
    """The world of one storefront alone, beside the whole one."""
    told = json.loads(world.read_text(encoding="utf-8"))
    told["storefronts"] = [one for one in told["storefronts"] if one["code"] == CODE]
    part = world.with_name("part.json")
    part.write_text(json.dumps(told), encoding="utf-8")
    return part


def _hasty(child: Child) -> Child:
    return replace(child, argv=[*child.argv, "--time-scale", LADDER])


def _run(house: House, role: str, argv: list[str]) -> None:
    subprocess.run(  # noqa: S603 -- our own programs
        argv, check=True, cwd=ROOT, env=_environment(house, role), stdout=subprocess.DEVNULL
    )


def _trials(house: House, arguments: list[str], write: Callable[[str], object]) -> int:
    """The trials in a process of the worker's role: it forks, and must hold no thread and no server."""
    argv = [sys.executable, "manage.py", "chaos", *arguments, "--world", str(house.world)]
    log = make_folder(house.log) / "trials.log"
    with log.open("w", encoding="utf-8") as said:
        done = subprocess.run(  # noqa: S603 -- our own program
            [*argv, "--sandbox", house.sandbox],
            cwd=ROOT,
            env=_environment(house, "worker"),
            stderr=said,
            check=False,
        )
    if done.returncode:
        write(tail(log))
    return done.returncode


def _environment(house: House, role: str) -> Mapping[str, str]:
    return {**os.environ, **house.environment(role)}
