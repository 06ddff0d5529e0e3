"""`manage.py up`: the whole house on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from backend import shop
from backend.embedded import EmbeddedError, revive
from backend.house import ROOT, SANDBOX_PORT, WEB_PORT, House, HouseError, alone, plan, usual
from backend.journey import several
from backend.lifeline import tied
from backend.opening import Clock, prepare, start
from backend.seeding.demo import OPERATOR, operator_code, operator_device, operator_password
from backend.supervisor import ChildFailed, Supervisor
from returns.models import ReturnRequest
from storefronts.models import Storefront


class Command(BaseCommand):
    help = "Set up and start every part of the house on this machine, and keep it running until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help=f"of the web; {WEB_PORT} if it is free")
        parser.add_argument("--sandbox-port", type=int, help=f"of the sandbox; {SANDBOX_PORT} if it is free")
        parser.add_argument("--logs", action="store_true", help="show the processes' logs")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("In production each process has its own supervisor: docs/operations.md.")
        web, sandbox = options["port"], options["sandbox_port"]
        clock = Clock(self.stdout.write)
        try:
            with alone(settings.LOCAL):
                house = plan(
                    settings.LOCAL,
                    web_port=usual(WEB_PORT) if web is None else web,
                    sandbox_port=usual(SANDBOX_PORT) if sandbox is None else sandbox,
                )
                prepare(house, clock)
                echo = self.stdout.write if options["logs"] else None
                with Supervisor(log=house.log, echo=echo) as supervisor:
                    start(house, supervisor, clock)
                    self.stdout.write(addresses(house))
                    with furnished(house):
                        supervisor.keep(tend=self.tend_servers, say=self.stdout.write)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
        except (ChildFailed, EmbeddedError, HouseError) as failure:
            raise CommandError(str(failure)) from failure

    def tend_servers(self) -> None:
        """What was killed of PostgreSQL and Redis comes back while the house runs."""
        if revive():
            self.stdout.write("PostgreSQL or Redis had ended and was started again")


@contextmanager
def furnished(house: House) -> Iterator[None]:
    """Beside all else a consumer gives goods back, once, so that the pages of returns have some to show."""
    there = ReturnRequest.objects.count()
    connections.close_all()
    if there >= len(several.STATES):
        yield
        return
    command = [sys.executable, "manage.py", "journey", "--story", "returns", "--world", str(house.world)]
    with (house.log / "returns.log").open("w") as log:
        player = subprocess.Popen(  # noqa: S603 -- our own command
            [*command, "--base", house.web, "--sandbox", house.sandbox],
            cwd=ROOT,
            env={**os.environ, **house.environment("owner")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=tied(signal.SIGTERM),  # noqa: PLW1509 -- it ends with us, however we end
        )
    try:
        yield
    finally:
        player.terminate()
        player.wait()


def addresses(house: House) -> str:
    """Where to look, and how to log in there."""
    codes = Storefront.objects.order_by("code").values_list("code", flat=True) if shop.built() else []
    shops = "".join(f"\n  the shop in a browser 小程序    {house.web}/shop/{code}/" for code in codes)
    return f"""{shops}
  mini-program API 小程序接口  {house.web}/api/v1/docs/
  operators' admin 运营后台    {house.web}/admin/  {OPERATOR} / {operator_password()}
    code now 当前动态口令      {operator_code()}, later: .venv/bin/python manage.py operator_code
    for an authenticator       {operator_device().config_url}
  partners 合作伙伴接口        {house.web}/partner/docs/, keys 自助密钥 {house.web}/partner/sandbox/
  WeChat's stand-in 微信沙箱   {house.sandbox}/sandbox/log
  logs 日志                    {house.log}

To see a purchase 走一遍购物流程:
  .venv/bin/python manage.py journey --base {house.web} --sandbox {house.sandbox}

Ctrl-C stops everything."""
