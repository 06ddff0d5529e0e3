"""The scene as it once stood, put back: a test begins where an earlier one was, without the way there."""

import io
import pickle
from threading import Lock, RLock
from typing import Any

from sandbox.scene import Scene
from sandbox.wire import ControlFault, Json

LOCKS = (type(Lock()), type(RLock()))
# A counter goes on, so that no number is given twice, and the time of the last reset; the rest is what a
# part was given.
STAYING = ("_count", "_scale", "_state", "_cards", "_given", "_since")


def keep(scene: Scene, told: Json) -> Json:
    """What everyone holds now, under a name; `kept` false where something is still to happen."""
    kept, name = scene.kept, _name(told)
    try:
        kept.states[name] = _written(scene)
    except (pickle.PicklingError, AttributeError, TypeError):  # a step of the port's to come
        return {"kept": False}
    kept.stands = name
    return {"kept": True}


def again(scene: Scene, told: Json) -> Json:
    """What was kept under `name`, in the place of what stands: of `upon`, else nothing is done."""
    kept, name = scene.kept, _name(told)
    if name not in kept.states or kept.stands is None or kept.stands != told.get("upon"):
        return {"done": False, "stands": kept.stands, "calls": kept.calls}
    for part, held in zip(_parts(scene), _read(scene, kept.states[name]), strict=True):
        vars(part).update(held)
    kept.stands = name
    return {"done": True}


def _name(told: Json) -> str:
    name = told.get("name")
    if not isinstance(name, str) or not name:
        raise ControlFault(400, "name is needed")
    return name


def _parts(scene: Scene) -> list[Any]:
    """All but the courier, whose letters are on their way."""
    office = scene.port.office, scene.port.machine, scene.port.asked
    left = ("world", "courier", "keyring", "clock", "kept")
    return [*(part for name, part in vars(scene).items() if name not in left), *office]


def _fixed(scene: Scene) -> list[Any]:
    """What stays what it is: the parts themselves, what they are guarded by, and what they were given."""
    port = (scene.port.intake, scene.port.payments, scene.port.office.clock)
    given = [scene.world, *scene.world.storefronts, *(one.port for one in scene.world.storefronts)]
    return [*vars(scene).values(), *_parts(scene), *port, *given]


def _written(scene: Scene) -> bytes:
    fixed = {id(one): number for number, one in enumerate(_fixed(scene))}

    class Writer(pickle.Pickler):
        def persistent_id(self, one: Any) -> int | None:
            return fixed.get(id(one))

    into = io.BytesIO()
    Writer(into).dump([_held(part) for part in _parts(scene)])
    return into.getvalue()


def _held(part: Any) -> dict[str, Any]:
    """What changes of a part."""
    all_of_it = vars(part).items()
    return {name: one for name, one in all_of_it if name not in STAYING and not isinstance(one, LOCKS)}


def _read(scene: Scene, state: bytes) -> list[dict[str, Any]]:
    fixed = _fixed(scene)

    class Reader(pickle.Unpickler):
        def persistent_load(self, number: int) -> Any:
            return fixed[number]

    held: list[dict[str, Any]] = Reader(io.BytesIO(state)).load()
    return held
