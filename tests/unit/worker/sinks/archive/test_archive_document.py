"""The tables that the documentation shows have the columns that the files have."""

import re

import pyarrow as pa

from tests.support.paths import ROOT
from worker.sinks.archive.parquet import SCHEMA
from worker.sinks.archive.rows import COLUMNS

DOCUMENT = (ROOT / "docs/use/archive.md").read_text("utf-8")
ATHENA = {
    pa.string(): "string",
    pa.timestamp("ms", "UTC"): "timestamp",
    pa.list_(pa.string()): "array<string>",
    pa.bool_(): "boolean",
}


def test_athena_gets_every_column_with_its_type() -> None:
    statement = re.search(r"CREATE EXTERNAL TABLE \w+ \((.*?)\)\nPARTITIONED", DOCUMENT, re.DOTALL)
    assert statement is not None
    columns = dict(re.findall(r"`?(\w+)`? ([\w<>]+)(?:,|\n)", statement[1] + "\n"))
    assert columns == {field.name: ATHENA[field.type] for field in SCHEMA}
    assert set(columns) == set(COLUMNS)


def test_the_documented_partitions_are_those_of_the_files() -> None:
    assert "PARTITIONED BY (`day` string, `hour` string)" in DOCUMENT
    assert "/day=${day}/hour=${hour}'" in DOCUMENT
