"""Each command loads the settings, does one thing, and prints an error as one line on stderr."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from app.commands import (
    demo,
    engine,
    init,
    inspect_table,
    key,
    lambda_test,
    reconcile,
    serve,
    sinks,
    verify,
    worker,
)
from app.commands.common import CommandError
from app.config.key_files import KeyFileError
from app.config.settings import PREFIX, Settings, SettingsError, load
from app.core.errors import StoreUnavailable
from app.observability import logs
from app.observability.metrics import MetricsAddressTaken
from app.store.coordination.workers import OwnerRefused
from app.store.dynamodb.aws_session import AWSNotSetUp
from app.store.dynamodb.table_names import TableError
from app.store.engine import EngineError

# Errors whose message says what to change.
_REFUSALS = (
    SettingsError,
    EngineError,
    KeyFileError,
    TableError,
    AWSNotSetUp,
    OwnerRefused,
    MetricsAddressTaken,
    CommandError,
)

Run = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args(argv)
    run: Run = arguments.run
    try:
        settings = load(signs=arguments.signs)
        logs.configure(settings.log_format)
        return run(arguments, settings)
    except KeyboardInterrupt:
        return 130  # as shells report an interrupted program
    except BrokenPipeError:  # the reader of our output has closed the pipe (`| head`)
        # Without this, Python's flush at exit raises the same error again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except _REFUSALS as error:
        return _fail(str(error))
    except StoreUnavailable as error:
        where = f" at {settings.dynamodb}" if settings.dynamodb.startswith("http") else ""
        return _fail(f"cannot use DynamoDB{where}: {error.detail} Check {PREFIX}DYNAMODB.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stockpulse", description="A live inventory dashboard on DynamoDB Streams."
    )
    parser.set_defaults(signs=True)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (
        serve,
        worker,
        init,
        inspect_table,
        key,
        engine,
        demo,
        verify,
        reconcile,
        sinks,
        lambda_test,
    ):
        command.add(commands)
    return parser


def _fail(message: str) -> int:
    lines = "\n".join(logs.escaped(line) for line in message.splitlines())
    print(f"stockpulse: {lines}", file=sys.stderr)
    return 1
