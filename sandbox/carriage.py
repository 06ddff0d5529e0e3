"""Control of parcels: who plays the carrier moves them on, and reads what it knows."""

from sandbox import tracker
from sandbox.parcels import STEPS
from sandbox.payer import text
from sandbox.port import asked
from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/parcel: `step` happens to `waybill`, now or at `at`; not told with `push` false."""
    waybill, step, at = text(told, "waybill"), text(told, "step"), told.get("at")
    if not waybill or step not in STEPS:
        raise ControlFault(400, f"waybill and step are needed, step one of {tuple(STEPS)}")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float)):
        raise ControlFault(400, "at is a Unix time")
    scene.parcels.add(waybill, step, at)
    if step == "delivered":
        asked.delivered(scene, waybill)
    if told.get("push") is not False:
        tracker.happened(scene, waybill)
    return {}


def read(scene: Scene, _told: Json) -> Json:
    """GET /sandbox/parcels."""
    return {"parcels": scene.parcels.read()}
