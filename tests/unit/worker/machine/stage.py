"""Where workers live and die: their starts, their turns, the calm in which all must come out."""

from datetime import UTC, datetime
from random import Random

import pytest

from app.store.coordination.reconcile_requests import ReconcileRequests
from app.store.deployment import CONSUMER
from app.store.timeline import position, recent_rows, tail
from tests.support.simulation.hub import Crash
from tests.support.simulation.modules import substitute
from tests.unit.worker.machine.checks.chains import ChainReader
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS
from tests.unit.worker.machine.life import Life
from tests.unit.worker.machine.world import START, World
from worker.consumers import delivery_threads, runner
from worker.leasing.leased_threads import LeasedThreads
from worker.pipeline import parallel

BATCH = 3  # records: pages here are too short to be parted into real ones
# What sinks read, keep and remember at once: little, so that examples reach the bounds.
SMALL = (
    (tail, "PAGE", 2),
    (tail, "MOST", 8),
    (tail, "AHEAD", 8),
    (recent_rows, "HELD", 4),
    (runner, "READ", 4),
    (delivery_threads, "PENDING", 8),
    (position, "REMEMBERED", 4),
)
CALM = 60, 200  # rounds, and steps in each, until which all must have come out
DELIVERED = 30  # times 10 s, until every sink has had everything
MINUTE, LOOKS = 60.0, 5  # and then how long a comparison may take
# Seconds before it: a `reconciled` entry by a clock an hour fast keeps others off for longer.
PATIENCE = 0.0, 700.0, 4_300.0, 8_000.0


class Stage:
    """A world and the lives in it; to be closed, however it ends."""

    def __init__(self) -> None:
        self.world = World()
        self.skew = [0.0, 0.0]  # seconds by which each host's clock is off
        self.lives: list[Life] = []
        self._started = 0
        self._patch = pytest.MonkeyPatch()
        substitute(self.world.hub, self._patch)
        self._patch.setattr(LeasedThreads, "note_crash", self._note_crash)
        self._patch.setattr(parallel, "ROW_LIMIT", BATCH)
        for module, name, number in SMALL:
            self._patch.setattr(module, name, number)

    def start(self, host: int = 0) -> Life:
        """A new life."""
        self._started += 1
        self.world.ledger.tally["second worker joined"] += bool(self.lives)
        name = f"worker-{self._started:03d}"
        life = Life(self.world, name, lambda: self.skew[host])
        self.lives.append(life)
        return life

    def kill(self, life: Life) -> None:
        """A life ends in the midst of what it does."""
        self.world.hub.kill(life.process)
        self._bury()

    def ask(self) -> None:
        """A person asks for a comparison of the table with the audit."""
        rows = ReconcileRequests(self.world.tables, CHECKPOINTS, CONSUMER)  # type: ignore[arg-type]
        rows.ask("a person asked", datetime.fromtimestamp(START + self.world.hub.now, UTC))

    def run(self, steps: int, seed: int = 0) -> None:
        """Let whoever can go on do so, this many times, in an order of the seed's."""
        random = Random(seed)
        for _ in range(steps):
            if not self.world.hub.step(random):
                break
        self._bury()

    def run_for(self, seconds: float) -> None:
        """Let simulated time pass."""
        end, random = self.world.hub.now + seconds, Random(0)
        while self.world.hub.now < end and self.world.hub.step(random):
            pass
        self.world.hub.now = max(self.world.hub.now, end)  # nobody may be awake
        self._bury()

    def settle(self) -> None:
        """Calm comes back, and with it every promise about the end."""
        self.world.calm()
        for life in self.lives:
            life.wire.calm()
            life.process.paused = False
        rounds, steps = CALM
        for _ in range(rounds):
            if not self.lives:
                self.start()
            self.run(steps)
            if self.world.settled():
                break
        left = self.world.ledger.unsettled()
        assert not left, f"lost without a word: {left}"
        self._deliver()
        assert self.world.settled(), "shards that have ended are not finished"
        assert not self.world.ledger.untold(), f"no gap tells of {self.world.ledger.untold()}"
        chains = ChainReader(self.world)
        assert not chains.cut_off(chains.whole()), chains.cut_off(chains.whole())
        self._reconcile(chains)
        assert not chains.broken(), chains.broken()
        assert not chains.silent(), chains.silent()
        chains.count()

    def _deliver(self) -> None:
        """Every sink is run by someone; one that was down is tried again within two minutes."""
        for _ in range(DELIVERED):
            self.world.sinks.calm()  # a call that was under way may have paused its sink again
            if not self._undelivered():
                return
            if not self.lives:
                self.start()
            self.run_for(10.0)
        assert not self._undelivered(), f"not delivered: {self._undelivered()}"

    def _undelivered(self) -> list[str]:
        owners = {name: side.deliveries.owner for name, side in self.world.sinks.sides.items()}
        alive = {life.name for life in self.lives}
        idle = [f"nobody runs {name}" for name, owner in owners.items() if owner not in alive]
        return self.world.sinks.left() + idle

    def _reconcile(self, chains: ChainReader) -> None:
        """Where something is missing, a comparison makes the audit's last word the table's."""
        self.skew = [0.0, 0.0]
        for patience in PATIENCE:
            if not (chains.cut_off(chains.all()) or chains.no_beginning()):
                return
            self.ask()
            self.world.hub.now += patience  # all hosts sleep: what was too soon is not any more
            for _ in range(LOOKS):
                if not self.lives:
                    self.start()
                self.run_for(MINUTE)
                if not (chains.cut_off(chains.all()) or chains.no_beginning()):
                    return
        assert not chains.cut_off(chains.all()), chains.cut_off(chains.all())

    def close(self) -> None:
        """End everything, and give the code its own clocks and threads back."""
        self.world.hub.close()
        self._patch.undo()

    def _note_crash(self, _what: str, error: BaseException) -> None:
        """No fault of a service may kill a thread; the death of a process does."""
        if not isinstance(error, Crash):
            self.world.hub.failures.append(error)

    def _bury(self) -> None:
        self.lives = [life for life in self.lives if not life.over]
