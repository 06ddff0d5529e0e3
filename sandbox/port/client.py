"""The port's client on an enterprise's computer: what lies in `send` goes off, what comes lies in `receive`.

A message that was sent lies in `sent` afterwards; one that the exchange refuses is answered by a 900.
"""

import threading
import time
from pathlib import Path

from sandbox.port.doors import spoiling
from sandbox.port.form import Malformed
from sandbox.port.intake import Refused
from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json

LOOK_SECONDS = 0.05
FOLDERS = ("send", "sent", "receive")


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/port_folder: from now on the client of `dxp_id` looks into `folder`; "" ends it."""
    dxp_id, named = told.get("dxp_id"), told.get("folder")
    office = scene.port.office
    if not isinstance(dxp_id, str) or dxp_id not in office.enterprises or not isinstance(named, str):
        raise ControlFault(400, "say dxp_id of an enterprise, and folder")
    with office.lock:
        office.folders.pop(dxp_id, None)
        if not named:
            return {}
        folder = Path(named)
        if not folder.is_absolute():
            raise ControlFault(400, "folder is an absolute path")
        for one in FOLDERS:
            (folder / one).mkdir(parents=True, exist_ok=True)
        office.folders[dxp_id] = named
    threading.Thread(target=_look, args=(scene, dxp_id, named), daemon=True).start()
    return {}


def _look(scene: Scene, dxp_id: str, named: str) -> None:
    office, folder = scene.port.office, Path(named)
    while True:
        with office.lock:
            if office.folders.get(dxp_id) != named:
                return
            try:
                _send(scene, dxp_id, folder)
                scene.port.tick()
                _receive(scene, dxp_id, folder)
            except OSError:  # the folder is away for a moment, or for good
                pass
        time.sleep(LOOK_SECONDS)


def _send(scene: Scene, dxp_id: str, folder: Path) -> None:
    intake = scene.port.intake
    waiting = sorted((folder / "send").glob("*.xml"), key=lambda one: (one.stat().st_mtime_ns, one.name))
    for path in waiting:
        raw, name = path.read_bytes(), path.name.partition("_")[0].removesuffix(".xml")
        path.rename(folder / "sent" / path.name)
        orders: list[str | None] = [*intake.orders_in(raw)] or [None]
        switch = next((one for number in orders if (one := scene.switches.take("ceb", number))), None)
        spoilt = spoiling(switch)
        said = 200
        try:
            if spoilt is not None:
                intake.take(raw, name, spoilt, dxp_id)
        except Refused as fault:
            said = 400
            code, _, why = str(fault).partition(" ")
            intake.unfit(dxp_id, raw, Malformed(code, why), "", name)
        mode = switch.mode if switch else None
        scene.journal.call(time.time(), call="ceb", out_trade_no=orders[0], status=said, switch=mode)


def _receive(scene: Scene, dxp_id: str, folder: Path) -> None:
    box = scene.port.office.boxes.get(dxp_id, {})
    for number, data in list(box.items()):
        whole = folder / "receive" / f"{number}.xml"
        part = whole.with_suffix(".tmp")
        part.write_bytes(data)
        part.rename(whole)
        del box[number]
