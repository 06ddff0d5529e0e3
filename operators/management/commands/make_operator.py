"""Makes an operator, or brings one up to date: name, password, role in a storefront."""

from __future__ import annotations

import os
import secrets
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from kernel.clock import now
from storefronts.models import Membership, Operator, Storefront
from storefronts.services import colleagues, sessions


class Command(BaseCommand):
    help = "Make an operator; the password comes from OPERATOR_PASSWORD, else one is made and printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument("--storefront", metavar="CODE", help="where the operator works")
        parser.add_argument("--role", choices=Membership.Role.values, help="what as")
        parser.add_argument(
            "--vouch",
            action="store_true",
            help="of who was brought in by a colleague: the platform has met them, they are a pair of eyes of"
            " their own. Password and telephone are made anew",
        )
        parser.add_argument("--superuser", action="store_true", help="of the whole platform")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["storefront"]) != bool(options["role"]):
            raise CommandError("--storefront and --role go together")
        if not (options["storefront"] or options["superuser"] or options["vouch"]):
            raise CommandError("give --storefront and --role, --superuser, or --vouch")
        storefront = None
        if options["storefront"]:
            storefront = Storefront.objects.filter(code=options["storefront"]).first()
            if storefront is None:
                raise CommandError(f"there is no storefront {options['storefront']!r}")
        if not Operator.objects.filter(username=options["username"]).exists():
            try:
                colleagues.mind_free(options["username"])
            except colleagues.NameNotFree as taken:
                raise CommandError(taken.title) from taken
        operator, new = Operator.objects.select_for_update().get_or_create(username=options["username"])
        if options["vouch"]:  # whoever let them in has known the password, and may have bound the telephone
            colleagues.vouch(operator=operator, now=now())
            operator.refresh_from_db()
        given = os.environ.get("OPERATOR_PASSWORD", "")
        password = given or (secrets.token_urlsafe(15) if new or options["vouch"] else "")
        if password:
            try:
                validate_password(password, operator)
            except ValidationError as weak:
                raise CommandError(" ".join(weak.messages)) from weak
            operator.set_password(password)
            operator.first_password_until = None
        operator.is_staff = operator.is_active = True
        operator.is_superuser = operator.is_superuser or options["superuser"]
        operator.save()
        sessions.end_all(operator=operator)  # with another password or role one comes in anew
        if storefront is not None:
            Membership.objects.get_or_create(operator=operator, storefront=storefront, role=options["role"])
        self.stdout.write(f"operator {operator.username} {'made' if new else 'brought up to date'}")
        if password and not given:
            self.stdout.write(f"password: {password}")
