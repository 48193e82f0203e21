"""The parts of scripts/lambda.sh that a shell cannot do well: extract from a lock file, make a zip.

    lambda_zip.py lock LOCKFILE NAME…      print the lock's entries for these names, with hashes
    lambda_zip.py zip TARGET FOLDER…       pack the contents of the folders into one zip

A zip contains its files sorted by name, with the same date and mode, so that equal files make equal
bytes.
"""

import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

LIMIT = 16 * 1024 * 1024  # bytes; Lambda accepts 50 MB, but a cold start reads all of it

_SERVICES = ("dynamodb", "dynamodbstreams", "events", "s3", "sns", "sqs")
_DROPPED = re.compile(
    r"(^|/)(bin/|\.ready$)"
    r"|\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$"
    r"|^boto3/(data|examples)/|^botocore/data/(?!(?:" + "|".join(_SERVICES) + r")/)[^/]+/"
    r"|^app/(web|demo|commands)/|^app/(cli|serve|__main__)\.py$"
)


def part(lock: str, names: Sequence[str]) -> str:
    """The lock file's entries for these names.

    Raises:
        SystemExit: an entry is missing.

    """
    blocks = {
        block.partition("==")[0]: block for block in re.split(r"\n(?=\S)", lock) if "==" in block
    }
    missing = [name for name in names if name not in blocks]
    if missing:
        raise SystemExit(f"lambda: requirements.lock has no {', '.join(missing)}")
    return "\n".join(blocks[name].rstrip() for name in names) + "\n"


def files(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """(Name in the zip, file) of each file that the function needs, its bytecode included."""
    for folder in folders:
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            source = re.sub(r"__pycache__/([^/.]+)\.[^/]+\.pyc$", r"\1.py", name)
            if path.is_file() and not _DROPPED.search(source):
                yield name, path


def pack(target: Path, contents: Sequence[tuple[str, Path]]) -> None:
    """Write the zip to a temporary file, then rename it to the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(contents):
            entry = zipfile.ZipInfo(name)  # dated 1980-01-01
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=9)
    unfinished.replace(target)


def main(action: str, first: str, *rest: str) -> None:
    """Run one of the two commands."""
    if action == "lock":
        sys.stdout.write(part(Path(first).read_text(), rest))
        return
    target = Path(first)
    pack(target, list(files([Path(folder) for folder in rest])))
    size = target.stat().st_size
    print(f"{target}: {size / 1e6:.1f} MB (at most {LIMIT / 1e6:.1f})")
    if size > LIMIT:
        raise SystemExit("lambda: the zip is too large; list it to find what was added")


if __name__ == "__main__":
    main(*sys.argv[1:])
