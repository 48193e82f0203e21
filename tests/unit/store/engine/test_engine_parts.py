"""The engine's pure decisions, and the small files that belong to it."""

import os
import stat
from pathlib import Path

import pytest

from app.store.engine import EngineMissing, binary, endpoint_file
from app.store.engine.address import Address
from app.store.engine.endpoint_file import Record
from app.store.engine.process import address_in, arguments
from app.store.engine.supervisor import Silence, Timeouts, Verdict, judge, pause

FILE = Path("/srv/my shop (1)/engine.db")
ADDRESS = Address("127.9.8.7", 23456)
TIMEOUTS = Timeouts(misses=3, idle_silence=30, any_silence=300)


SERVES = ["/opt/a b/dynoxide", *arguments(FILE, ADDRESS)]


@pytest.mark.parametrize("program", [["/opt/a b/dynoxide"], ["/bin/sh", "/opt/dynoxide"]])
def test_a_command_line_that_serves_our_file_is_our_engine(program: list[str]) -> None:
    assert address_in([*program, *arguments(FILE, ADDRESS)], FILE) == ADDRESS


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (["/opt/dynoxide", *arguments(Path("/srv/else/engine.db"), ADDRESS)], "another file"),
        ([*SERVES[:-1], SERVES[-1] + ".bak"], "a longer path"),
        ([*SERVES, "--more"], "another argument"),
        (SERVES[1:], "no program"),
        (["vim", str(FILE)], "an editor"),
        (["dynoxide", "serve", "--db-path", str(FILE)], "not started by us"),
        (["dynoxide", *arguments(FILE, Address("10.0.0.1", 23456))], "not a loopback address"),
        ([], "a zombie"),
    ],
)
def test_any_other_command_line_is_not_our_engine(other: list[str], why: str) -> None:
    assert address_in(other, FILE) is None, why


@pytest.mark.parametrize(
    ("silence", "verdict", "why"),
    [
        (Silence(), Verdict.HEALTHY, "it answered"),
        (Silence(1, 1.0, 0.0), Verdict.UNSURE, "one missed probe is allowed"),
        (Silence(3, 3.0, 0.0), Verdict.UNHEALTHY, "three missed probes are not"),
        (Silence(29, 29.0, 0.0), Verdict.UNHEALTHY, "idle, but not for long enough"),
        (Silence(30, 30.0, 0.2), Verdict.LOST, "idle: probes alone use some CPU time"),
        (Silence(30, 30.0, 5.0), Verdict.UNHEALTHY, "busy with a long call"),
        (Silence(30, 30.0, None), Verdict.UNHEALTHY, "it may be busy"),
        (Silence(300, 300.0, 299.0), Verdict.LOST, "no call takes so long"),
        (Silence(300, 300.0, None), Verdict.LOST, "no call takes so long"),
    ],
)
def test_a_silent_engine_is_replaced_if_it_is_idle_or_silent_for_long(
    silence: Silence, verdict: Verdict, why: str
) -> None:
    assert judge(alive=True, silence=silence, timeouts=TIMEOUTS) is verdict, why


def test_a_dead_engine_is_replaced_at_once() -> None:
    assert judge(alive=False, silence=Silence(), timeouts=TIMEOUTS) is Verdict.LOST


def test_an_unhealthy_engine_is_detected_within_4_s() -> None:
    usual = Timeouts()
    assert usual.misses * (usual.interval + usual.probe) + usual.interval < 4


def test_the_first_restart_is_immediate_and_pauses_are_at_most_5_s() -> None:
    pauses = [pause(restarts) for restarts in range(10_000)]
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux-x64"),
        ("linux", "aarch64", "linux-arm64"),
        ("darwin", "arm64", "darwin-arm64"),
        ("win32", "AMD64", "win32-x64"),
        ("linux", "riscv64", "linux-riscv64"),
    ],
)
def test_platform_name_is_the_one_that_node_uses(system: str, machine: str, name: str) -> None:
    assert binary.platform_name(system, machine) == name


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True)
    path.touch()
    path.chmod(mode)
    return path


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(binary, "platform_name", lambda system, machine: "here")
    return "here"


def test_the_binary_of_npm_is_preferred_to_the_path(tmp_path: Path, platform: str) -> None:
    locked = program(tmp_path / "node_modules/@dynoxide" / platform / "dynoxide")
    elsewhere = program(tmp_path / "bin/dynoxide")
    assert binary.find_binary(tmp_path, str(elsewhere.parent)) == locked
    locked.chmod(0o644)
    assert binary.find_binary(tmp_path, str(elsewhere.parent)) == elsewhere


def test_a_missing_binary_is_a_one_line_error_with_three_alternatives(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing) as missing:
        binary.find_binary(tmp_path, str(tmp_path))
    message = str(missing.value)
    assert "\n" not in message
    for way in ("make run", "docker compose up", "STOCKPULSE_DYNAMODB=http://host:port"):
        assert way in message


def test_a_record_can_be_read_back_and_only_by_its_user(tmp_path: Path) -> None:
    path = tmp_path / "engine.json"
    old_umask = os.umask(0)
    try:
        for written in (Record(ADDRESS), Record(ADDRESS, 4711)):
            endpoint_file.write(path, written)
            assert endpoint_file.read(path) == written
    finally:
        os.umask(old_umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_record_is_none(tmp_path: Path) -> None:
    assert endpoint_file.read(tmp_path / "engine.json") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"url": "http://example.com:80", "pid": 1}', '{"url": 5, "pid": 1}']
)
def test_an_invalid_record_is_ignored_with_a_warning(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "engine.json"
    path.write_text(text)
    assert endpoint_file.read(path) is None
    assert "choosing a new address" in caplog.text


@pytest.mark.parametrize("pid", ["null", "0", "-1", "1", '"9"', "true"])
def test_an_invalid_process_id_is_ignored(tmp_path: Path, pid: str) -> None:
    path = tmp_path / "engine.json"
    path.write_text(f'{{"url": "{ADDRESS.url}", "pid": {pid}}}')
    assert endpoint_file.read(path) == Record(ADDRESS)
