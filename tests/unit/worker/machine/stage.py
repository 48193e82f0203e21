"""Workers start, run and die here; at the end, without faults, every invariant must hold."""

from datetime import UTC, datetime
from random import Random

import pytest

from app.store.coordination.reconcile_requests import ReconcileRequests
from app.store.deployment import CONSUMER
from app.store.timeline import far_rows, position, recent_rows, tail
from tests.support.simulation.hub import Crash
from tests.support.simulation.modules import substitute
from tests.unit.worker.machine.checks.chains import ChainReader
from tests.unit.worker.machine.checks.ledger import CHECKPOINTS
from tests.unit.worker.machine.life import Life
from tests.unit.worker.machine.world import START, World
from worker.consumers import delivery_threads, runner
from worker.leasing.leased_threads import LeasedThreads
from worker.pipeline import parallel

BATCH = 3  # records a batch: pages here are too short for real batches
# Small bounds on what sinks read and remember at once, so that examples reach them.
SMALL = (
    (tail, "PAGE", 2),
    (tail, "MOST", 8),
    (tail, "AHEAD", 8),
    (far_rows, "PAGE", 2),
    (far_rows, "ENOUGH", 1),
    (far_rows, "KEPT", 8),
    (recent_rows, "HELD", 4),
    (runner, "READ", 4),
    (delivery_threads, "PENDING", 8),
    (position, "REMEMBERED", 4),
)
CALM = 60, 200  # rounds, and steps in each, within which every change must settle
DELIVERED = 30  # times 10 s, within which every sink must receive everything
MINUTE, CHECKS = 60.0, 5  # a comparison must finish within this many minutes
# Seconds to wait before a comparison: a `reconciled` entry written by a clock that is an hour fast
# delays the next one by more than an hour.
PATIENCE = 0.0, 700.0, 4_300.0, 8_000.0


class Stage:
    """A world and the workers in it; always call `close`."""

    def __init__(self) -> None:
        self.world = World()
        self.skew = [0.0, 0.0]  # error of each host's clock, in seconds
        self.lives: list[Life] = []
        self._started = 0
        self._patch = pytest.MonkeyPatch()
        substitute(self.world.hub, self._patch)
        self._patch.setattr(LeasedThreads, "note_crash", self._note_crash)
        self._patch.setattr(parallel, "ROW_LIMIT", BATCH)
        for module, name, number in SMALL:
            self._patch.setattr(module, name, number)

    def start(self, host: int = 0) -> Life:
        """Start a worker on a host."""
        self._started += 1
        self.world.ledger.tally["second worker joined"] += bool(self.lives)
        name = f"worker-{self._started:03d}"
        life = Life(self.world, name, lambda: self.skew[host])
        self.lives.append(life)
        return life

    def kill(self, life: Life) -> None:
        """Kill a worker in the middle of what it does."""
        self.world.hub.kill(life.process)
        self._drop_ended()

    def request_comparison(self) -> None:
        """Request a comparison of the table with the audit, as a person does."""
        rows = ReconcileRequests(self.world.tables, CHECKPOINTS, CONSUMER)  # type: ignore[arg-type]
        rows.ask("a person asked", datetime.fromtimestamp(START + self.world.hub.now, UTC))

    def run(self, steps: int, seed: int = 0) -> None:
        """Run this many steps of tasks that can run, in an order chosen by the seed."""
        random = Random(seed)
        for _ in range(steps):
            if not self.world.hub.step(random):
                break
        self._drop_ended()

    def run_for(self, seconds: float) -> None:
        """Let simulated time pass."""
        end, random = self.world.hub.now + seconds, Random(0)
        while self.world.hub.now < end and self.world.hub.step(random):
            pass
        self.world.hub.now = max(self.world.hub.now, end)  # perhaps no task can run
        self._drop_ended()

    def settle(self) -> None:
        """Stop all faults, let the workers finish, then check every invariant."""
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
        assert not left, f"lost without a gap: {left}"
        self._deliver()
        assert self.world.settled(), "closed shards are not finished"
        streams = self.world.ledger.unreported_streams()
        assert not streams, f"no gap reports {streams}"
        chains = ChainReader(self.world)
        assert not chains.cut_off(chains.whole()), chains.cut_off(chains.whole())
        self._reconcile(chains)
        assert not chains.broken(), chains.broken()
        assert not chains.silent(), chains.silent()
        chains.count()

    def _deliver(self) -> None:
        """Wait until a worker runs every sink and each has received everything.

        A sink that was down is retried within two minutes.
        """
        for _ in range(DELIVERED):
            self.world.sinks.calm()  # a running call may have paused its sink again
            if not self._undelivered():
                return
            if not self.lives:
                self.start()
            self.run_for(10.0)
        assert not self._undelivered(), f"not delivered: {self._undelivered()}"

    def _undelivered(self) -> list[str]:
        owners = {name: side.deliveries.owner for name, side in self.world.sinks.sides.items()}
        alive = {life.name for life in self.lives}
        idle = [f"no worker runs {name}" for name, owner in owners.items() if owner not in alive]
        return self.world.sinks.left() + idle

    def _reconcile(self, chains: ChainReader) -> None:
        """Compare until each product's last audit entry equals the table."""
        self.skew = [0.0, 0.0]
        for patience in PATIENCE:
            if not (chains.cut_off(chains.all()) or chains.no_beginning()):
                return
            self.request_comparison()
            self.world.hub.now += patience  # all hosts sleep, so that no entry is too recent
            for _ in range(CHECKS):
                if not self.lives:
                    self.start()
                self.run_for(MINUTE)
                if not (chains.cut_off(chains.all()) or chains.no_beginning()):
                    return
        assert not chains.cut_off(chains.all()), chains.cut_off(chains.all())

    def close(self) -> None:
        """Kill everything and restore the real clocks and threads."""
        self.world.hub.close()
        self._patch.undo()

    def _note_crash(self, _what: str, error: BaseException) -> None:
        """Fail the example: only `Crash` may end a worker's thread, a service fault may not."""
        if not isinstance(error, Crash):
            self.world.hub.failures.append(error)

    def _drop_ended(self) -> None:
        self.lives = [life for life in self.lives if not life.over]
