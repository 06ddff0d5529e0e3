"""Cards in a signing machine: which is in it, which are out, which are locked after wrong passwords."""

import threading

from sandbox.port.office import Enterprise
from sandbox.port.seals import Card
from sandbox.wire import ControlFault, Json

TRIES = 3
ABSENT = ("[读卡器底层库]复位读卡器失败:错误码=50070", "Err:Custom50070")
WRONG = ("[读卡器底层库]校验口令失败:错误码=50011", "Err:Custom50011")
LOCKED = ("[读卡器底层库]卡已锁死:错误码=50012", "Err:Custom50012")


class CardFault(Exception):
    """The card does not sign: what the machine says."""

    def __init__(self, *said: str) -> None:
        super().__init__(said[-1])
        self.said = said


class Cards:
    """Cards of every enterprise, each under the password of its enterprise."""

    def __init__(self, enterprises: tuple[Enterprise, ...]) -> None:
        self._cards = {card.number: (card, one.password) for one in enterprises for card in one.cards}
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._chosen = list(self._cards)[1] if len(self._cards) > 1 else ""
            self._wrong: dict[str, int] = {}
            self._out: set[str] = set()

    def control(self, told: Json) -> Json:
        """POST /sandbox/card: choose, take out, put in or unlock a card."""
        number = told.get("number")
        if not isinstance(number, str) or number not in self._cards:
            raise ControlFault(404, "number: no such card")
        with self._lock:
            if told.get("unlock") is True:
                self._wrong.pop(number, None)
            if told.get("out") is True:
                self._out.add(number)
            if told.get("out") is False:
                self._out.discard(number)
            if told.get("choose") is True:
                self._chosen = number
            return {"locked": self._wrong.get(number, 0) >= TRIES, "out": number in self._out}

    def card(self, number: str | None) -> Card:
        with self._lock:
            number = number or self._chosen
            if number not in self._cards or number in self._out:
                raise CardFault(*ABSENT)
            return self._cards[number][0]

    def sign(self, number: str | None, data: bytes, password: object) -> tuple[Card, bytes]:
        card = self.card(number)
        with self._lock:
            wrong = self._wrong.get(card.number, 0)
            if wrong >= TRIES:
                raise CardFault(*LOCKED)
            if password != self._cards[card.number][1]:
                self._wrong[card.number] = wrong + 1
                raise CardFault(*(LOCKED if wrong + 1 >= TRIES else WRONG))
            self._wrong.pop(card.number, None)
        return card, card.sign(data)
