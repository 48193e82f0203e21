"""The objects that the actions on sinks use, over the tables of the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.bootstrap.sink_checker import SinkChecker
from app.bootstrap.sink_rebuilder import SinkRebuilder
from app.bootstrap.sink_tester import SinkTester
from app.commands.common import CommandError
from app.config.settings import Settings
from app.config.signing import signer_of
from app.observability.logs import escaped
from app.store import location
from app.store.access.admin_log import AdminLog
from app.store.dead_letters.letter_admin import DeadLetterAdmin
from app.store.deployment import CONSUMER, Deployment
from app.store.dynamodb import tables
from app.store.feed.feed import Feed
from app.store.sinks.sink_control import SinkControl
from app.store.sinks.sink_errors import (
    LetterNotFound,
    SinkCheckFailed,
    SinkNotConfigured,
    SinkNotFound,
    SinkRebuildFailed,
    SinkTestFailed,
    TimeOutOfRange,
)

_REFUSALS = (
    LetterNotFound,
    SinkCheckFailed,
    SinkNotConfigured,
    SinkNotFound,
    SinkRebuildFailed,
    SinkTestFailed,
    TimeOutOfRange,
)


@dataclass(frozen=True, slots=True)
class SinkTools:
    """The objects that the actions use."""

    sinks: SinkControl
    letters: DeadLetterAdmin
    test: SinkTester
    check: SinkChecker
    rebuild: SinkRebuilder


@contextmanager
def open_tools(settings: Settings) -> Iterator[SinkTools]:
    """Connect to the tables until the block ends.

    Raises:
        CommandError: an action in the block was refused.

    """
    names = settings.table_names
    with location.shared(settings.dynamodb, settings.data_dir, names) as where:
        clients = where.connect()
        client = clients.tables
        attributes = tables.ensure_tables(client, names, settings.attributes)
        deployment = Deployment(clients, names, attributes, signer_of(settings))
        log = AdminLog(client, names.settings)
        feed = Feed(client, names.feed, deployment.signer.retention)
        sinks = SinkControl(client, names.checkpoints, CONSUMER, feed, log)
        letters = DeadLetterAdmin(client, names.dead_letters, log, sinks)
        try:
            parts = (settings, sinks, deployment)
            yield SinkTools(
                sinks, letters, SinkTester(*parts), SinkChecker(*parts), SinkRebuilder(*parts)
            )
        except _REFUSALS as error:
            raise CommandError(escaped(error.detail)) from None
