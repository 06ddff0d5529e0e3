"""`manage.py demo`: set up, start every part, play one purchase, stop; the exit status is the purchase's."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.embedded import EmbeddedError
from backend.house import HouseError, alone, plan
from backend.journey.report import play
from backend.journey.stage import set_stage
from backend.journey.story import STORY
from backend.opening import Clock, prepare, start
from backend.supervisor import ChildFailed, Supervisor

NEXT = """
Where to look next 接下来:
  make run        the same house, to click through: API page, admin, sandbox
  README.md       what it is and where everything lies
  docs/           architecture, rule book, prices by hand, operations
  make test       what it promises, as sentences that run
  {log}    what every process said"""


class Command(BaseCommand):
    help = "Show the whole house: set up, start, one purchase across the border, stop."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demonstration has no place in production.")
        clock = Clock(self.stdout.write)
        self.stdout.write("Set-up 准备")
        try:
            with alone(settings.LOCAL):
                house = plan(settings.LOCAL)
                prepare(house, clock)
                with Supervisor(log=house.log) as supervisor:
                    start(house, supervisor, clock)
                    self.stdout.write(f"\nThe journey 购物流程   {house.web}")
                    world = json.loads(house.world.read_text(encoding="utf-8"))
                    stage = set_stage(base=house.web, sandbox=house.sandbox, world=world)
                    ok = play(STORY, stage, self.stdout.write)
                    self.stdout.write("\nStop 停止")
                    began = time.monotonic()
                clock.tell("processes: web, beat, webhooks, worker, sandbox", time.monotonic() - began)
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
            sys.exit(130)
        except (ChildFailed, EmbeddedError, HouseError, TimeoutError) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(NEXT.format(log=house.log))
        if not ok:
            sys.exit(1)
