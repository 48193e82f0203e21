"""Each command loads the settings, does one thing, and prints an error as one line on stderr."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper

from app.commands.common import CommandError
from app.config.key_files import KeyFileError
from app.config.settings import PREFIX, Settings, SettingsError, load
from app.core.errors import StoreUnavailable
from app.observability import logs
from app.observability.metrics import MetricsAddressTaken
from app.store.coordination.audit_key_ids import AuditKeysDiffer
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
    AuditKeysDiffer,
    MetricsAddressTaken,
    CommandError,
)

# The module of each command. Only the requested one is imported: `serve` needs the web framework.
COMMANDS = {
    "serve": "serve",
    "worker": "worker",
    "init": "init",
    "inspect": "inspect_table",
    "key": "key",
    "engine": "engine",
    "demo": "demo",
    "audit": "audit.command",
    "verify": "verify",
    "reconcile": "reconcile",
    "export": "export.command",
    "import": "imports.command",
    "sinks": "sinks",
    "notify": "notify.command",
    "lambda-test": "lambda_test",
}

Run = Callable[[argparse.Namespace, Settings], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = parsed(sys.argv[1:] if argv is None else argv)
    run: Run = arguments.run
    if isinstance(sys.stdout, TextIOWrapper):  # other programs' texts may not fit its encoding
        sys.stdout.reconfigure(errors="backslashreplace")
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


def parsed(given: Sequence[str]) -> argparse.Namespace:
    """The parsed arguments, with the command's function as `run`; exits if they are invalid."""
    parser = argparse.ArgumentParser(
        prog="stockpulse", description="A live inventory dashboard on DynamoDB Streams."
    )
    parser.set_defaults(signs=True)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    wanted = [name for name in COMMANDS if name in given[:1]] or list(COMMANDS)  # all: for --help
    for name in wanted:
        import_module(f"app.commands.{COMMANDS[name]}").add(commands)
    return parser.parse_args(given)


def _fail(message: str) -> int:
    lines = "\n".join(logs.escaped(line) for line in message.splitlines())
    print(f"stockpulse: {lines}", file=sys.stderr)
    return 1
