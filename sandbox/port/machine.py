"""The signing machine (加签机): cards that sign over WebSocket, as the port's client asks, or over HTTP.

`/card/<number>` is the machine with that card in it; `/` the one whose card `POST /sandbox/card` chose.
Three wrong passwords lock a card until it is unlocked.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable
from io import BufferedIOBase

from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Opening
from websockets.server import ServerProtocol

from sandbox.port.cards import ABSENT, CardFault
from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import HangUp, Json, PayFault, Reply, Request, json_reply, loads

PATH = re.compile(r"(?:/card/([0-9A-Za-z]+))?/sign")
SOCKET = re.compile(r"/(?:card/([0-9A-Za-z]+)/?)?")
LONGEST = 16 << 20  # of a request
SIGN, CERTIFICATE = "cus-sec_SpcSignDataAsPEM", "cus-sec_SpcGetSignCertAsPEM"
Spoil = Callable[[Switch | None, Callable[[], Reply]], Reply]


def answer(scene: Scene, request: Request, spoilt: Spoil) -> Reply:
    """POST /sign and /card/<number>/sign: {data, passwd} → {signature, certNo, certificate}."""
    found = PATH.fullmatch(request.path)
    if found is None or request.method != "POST":
        return Reply(405)
    at, switch = time.time(), scene.switches.take("sign")
    facts = {"call": "sign", "switch": switch.mode if switch else None}
    try:
        reply = spoilt(switch, lambda: _signed(scene, request, found[1]))
    except (CardFault, PayFault) as fault:
        said = fault.said if isinstance(fault, CardFault) else (fault.code,)
        status = 400 if isinstance(fault, CardFault) else fault.status
        reply = json_reply({"error": list(said)}, status=status)
    except HangUp:
        scene.journal.call(at, **facts, status=None)
        raise
    scene.journal.call(at, **facts, status=reply.status)
    return reply


def _signed(scene: Scene, request: Request, number: str | None) -> Reply:
    try:
        told = loads(request.body)
        data = base64.b64decode(str(told.get("data")), validate=True)
    except (ValueError, RecursionError, binascii.Error):
        raise CardFault("参数错误", "Err:Custom50001") from None
    named = told.get("certNo")
    card, made = scene.port.machine.sign(
        number or (named if isinstance(named, str) else None), data, told.get("passwd")
    )
    signature = base64.b64encode(made).decode()
    return json_reply({"signature": signature, "certNo": card.number, "certificate": card.certificate})


# The WebSocket.


def converse(scene: Scene, request: Request, incoming: BufferedIOBase, outgoing: BufferedIOBase) -> None:
    """One connection from its opening handshake to its end."""
    path = SOCKET.fullmatch(request.path)
    protocol = ServerProtocol(max_size=LONGEST)
    lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    protocol.receive_data(f"GET {request.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace"))
    for event in protocol.events_received():
        assert isinstance(event, Opening)
        protocol.send_response(protocol.accept(event) if path else protocol.reject(404, "no such card\n"))
    if path is not None and not protocol.close_expected():
        _say(protocol, {"_method": "open", "_status": "00", "_args": _result(())})
    _flush(protocol, outgoing)
    if path is not None:
        _talk(scene, protocol, path[1], incoming, outgoing)


def _talk(
    scene: Scene,
    protocol: ServerProtocol,
    number: str | None,
    incoming: BufferedIOBase,
    outgoing: BufferedIOBase,
) -> None:
    text = b""
    while not protocol.close_expected():
        try:
            data = incoming.read1(1 << 16)
        except OSError:
            return
        if data:
            protocol.receive_data(data)
        else:
            protocol.receive_eof()
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.CONT):
                text += bytes(event.data)
                if event.fin:
                    said = _asked(scene, number, text)
                    text = b""
                    if said is None:
                        return  # a switch cut the line
                    _say(protocol, said)
        _flush(protocol, outgoing)
        if not data:
            return


def _asked(scene: Scene, number: str | None, text: bytes) -> Json | None:
    """The answer to one request; None where the line is to be cut."""
    try:
        told = loads(text)
    except (ValueError, RecursionError):
        return {
            "_id": None,
            "_method": None,
            "_status": "00",
            "_args": _failed("参数错误", "Err:Custom50001"),
        }
    args, method = told.get("args"), told.get("_method")
    answered = {"_id": told.get("_id"), "_method": method, "_status": "00"}
    try:
        if method == CERTIFICATE:
            return answered | {"_args": _result((scene.port.machine.card(number).certificate,))}
        if method != SIGN or not isinstance(args, dict) or not isinstance(args.get("inData"), str):
            raise CardFault("未知的方法或参数", "Err:Custom50001")
        at, switch = time.time(), scene.switches.take("sign")
        mode = switch.mode if switch else None
        scene.journal.call(at, call="sign", status=None if mode else 200, switch=mode)
        if switch is not None and mode in ("timeout_before", "timeout_after", "timeout_late"):
            time.sleep(switch.seconds)
            return None
        if switch is not None:
            raise CardFault(*(ABSENT if switch.code is None else (str(switch.code),)))
        card, made = scene.port.machine.sign(number, args["inData"].encode(), args.get("passwd"))
    except CardFault as fault:
        return answered | {"_args": _failed(*fault.said)}
    return answered | {"_args": _result((base64.b64encode(made).decode(), card.number))}


def _result(data: tuple[str, ...]) -> Json:
    return {"Result": True, "Data": list(data), "Error": []}


def _failed(*said: str) -> Json:
    return {"Result": False, "Data": [], "Error": list(said)}


def _say(protocol: ServerProtocol, told: Json) -> None:
    protocol.send_text(json.dumps(told, ensure_ascii=False).encode())


def _flush(protocol: ServerProtocol, outgoing: BufferedIOBase) -> None:
    try:
        for data in protocol.data_to_send():
            outgoing.write(data)
        outgoing.flush()
    except OSError:
        return
