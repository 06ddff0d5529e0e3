"""Everything one running sandbox holds in memory, each part guarded by a lock of its own."""

from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.codes import Codes
from sandbox.complaining import Complaints
from sandbox.courier import Courier
from sandbox.declaring import Declarations
from sandbox.files import Files
from sandbox.journal import Journal
from sandbox.keyring import Keyring
from sandbox.minicomplaints import Pushes
from sandbox.moves import Moves
from sandbox.orders import Orders
from sandbox.parcels import Parcels
from sandbox.port.port import Port
from sandbox.refunding import Refunds
from sandbox.registry import Registry
from sandbox.shipped import Shippings
from sandbox.subscriptions import Subscriptions
from sandbox.switches import Switches
from sandbox.tokens import Tokens
from sandbox.trades import Trades
from sandbox.world import World

BEGINNING = "reset"


@dataclass
class Kept:
    """What was kept by name, the name of what stands now while nobody has called since, and how many did."""

    states: dict[str, bytes] = field(default_factory=dict)
    stands: str | None = None
    calls: int = 0


@dataclass(frozen=True)
class Scene:
    world: World
    keyring: Keyring
    clock: Clock
    codes: Codes
    tokens: Tokens
    orders: Orders
    refunds: Refunds
    complaints: Complaints
    pushes: Pushes
    registry: Registry
    switches: Switches
    journal: Journal
    courier: Courier
    files: Files
    declarations: Declarations
    trades: Trades
    moves: Moves
    parcels: Parcels
    shippings: Shippings
    subscriptions: Subscriptions
    port: Port
    kept: Kept = field(default_factory=Kept)

    def reset(self) -> None:
        """Forget everything but the keys of the world; what is still to be delivered is not."""
        for part in (
            self.courier,
            self.keyring,
            self.switches,
            self.orders,
            self.refunds,
            self.complaints,
            self.pushes,
            self.registry,
            self.declarations,
            self.trades,
            self.moves,
            self.parcels,
            self.shippings,
            self.subscriptions,
            self.port,
            self.codes,
            self.files,
            self.tokens,
            self.clock,
            self.journal,
        ):
            part.reset()
        self.kept.stands = BEGINNING


def build(world: World, *, time_scale: float) -> Scene:
    clock, journal = Clock(), Journal()
    refunds, orders, registry = Refunds(clock), Orders(clock), Registry()
    declarations, courier = Declarations(clock), Courier(journal, time_scale=time_scale)
    return Scene(
        world=world,
        keyring=Keyring(world),
        clock=clock,
        codes=Codes(clock),
        tokens=Tokens(clock),
        orders=orders,
        refunds=refunds,
        complaints=Complaints(clock),
        pushes=Pushes(),
        registry=registry,
        switches=Switches(),
        journal=journal,
        courier=courier,
        files=Files(clock),
        declarations=declarations,
        trades=Trades(),
        moves=Moves(clock),
        parcels=Parcels(clock),
        shippings=Shippings(clock, refunds),
        subscriptions=Subscriptions(),
        port=Port(
            clock=clock,
            enterprises={one.mchid: one.port for one in world.storefronts},
            orders=orders,
            declarations=declarations,
            registry=registry,
            scale=lambda: courier.seconds_per_second,
        ),
    )
