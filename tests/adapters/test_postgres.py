"""The private PostgreSQL: out of others' reach, and gone when its program is."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from adapters import postgres as launcher
from adapters.postgres import PostgresFailed, PrivatePostgres

ROOT = Path(__file__).parents[2]


def ask(url: str, question: str) -> object:
    address = make_url(url)
    host = address.query["host"]
    assert isinstance(host, str)
    with psycopg.connect(host=host, user="postgres", dbname=address.database) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def killed(script: str) -> list[str]:
    """Run a script that starts a server and is killed before it can stop it; what it printed."""
    program = f"from adapters.postgres import PrivatePostgres\n{script}\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    return said


def running(server: PrivatePostgres) -> int | None:
    return server.pid


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's user can reach, which pytest's own are not when we are root."""
    made = Path(tempfile.mkdtemp(prefix="registry-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    PrivatePostgres(made).stop()
    shutil.rmtree(made)


def test_the_server_listens_on_its_socket_alone_and_never_as_root(postgres: PrivatePostgres):
    assert ask(postgres.url(), "show listen_addresses") == ""
    assert ask(postgres.url(), "show server_encoding") == "UTF8"
    assert ask(postgres.url(), "show fsync") == "off"
    owner = Path(f"/proc/{postgres.pid}").stat().st_uid
    assert owner == (os.geteuid() or pwd.getpwnam(launcher.ACCOUNT).pw_uid)
    socket = Path(str(make_url(postgres.url()).query["host"]))
    assert socket.stat().st_mode & 0o777 == 0o700


def test_databases_come_and_go(postgres: PrivatePostgres):
    assert ask(postgres.create("come and go"), "select current_database()") == "come and go"
    assert postgres.has("come and go")
    postgres.drop("come and go")
    postgres.drop("come and go")
    assert not postgres.has("come and go")


def test_what_a_killed_run_leaves_is_taken_over(folder: Path):
    (pid,) = killed(
        f"server = PrivatePostgres({str(folder)!r}, fsync=False).__enter__()\n"
        "server.create('kept')\n"
        "print(server.pid, flush=True)"
    )
    left = PrivatePostgres(folder)
    assert running(left) == int(pid)
    with PrivatePostgres(folder, fsync=False) as server:
        assert running(server) not in (None, int(pid))
        assert server.has("kept")
        with pytest.raises(PostgresFailed, match="belongs to another"):
            PrivatePostgres(folder).claim()
    assert running(left) is None
    assert (folder / "data" / "PG_VERSION").exists()


def test_a_temporary_server_of_a_killed_run_is_cleared_away(monkeypatch: pytest.MonkeyPatch):
    (where,) = killed(
        "server = PrivatePostgres(fsync=False).__enter__()\nprint(server.folder, flush=True)"
    )
    left = PrivatePostgres(where)
    assert running(left) is not None
    launcher.clear_leftovers()
    assert running(left) is not None  # too young to tell from one that is just starting
    os.utime(where, (0, 0))
    launcher.clear_leftovers()
    assert running(left) is None
    assert not Path(where).exists()


def test_a_temporary_server_leaves_nothing_behind():
    with PrivatePostgres(fsync=False) as server:
        assert ask(server.url(), "select 1") == 1
        assert server.pid is not None
    assert running(server) is None
    assert not server.folder.exists()


def test_a_long_path_gets_a_socket_elsewhere(folder: Path):
    deep = folder / ("deep" * 25)
    with PrivatePostgres(deep, fsync=False) as server:
        socket = Path(str(make_url(server.url()).query["host"]))
        assert not socket.is_relative_to(folder)
        assert ask(server.url(), "select 1") == 1
    assert not socket.exists()


def test_a_server_can_be_started_to_stay(folder: Path, capsys: pytest.CaptureFixture[str]):
    command = [sys.executable, "-m", "adapters.postgres", "start", str(folder)]
    started = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    url = started.stdout.strip()
    assert ask(url, "select 1") == 1
    pid = PrivatePostgres(folder).pid
    assert launcher.main(["start", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == url
    with PrivatePostgres(folder) as server:
        assert server.pid == pid
    assert PrivatePostgres(folder).pid == pid
    assert launcher.main(["stop", str(folder)]) == 0
    assert PrivatePostgres(folder).pid is None
    assert launcher.main(["stop", str(folder)]) == 0


def test_a_wrong_word_on_the_command_line_shows_the_right_ones(
    capsys: pytest.CaptureFixture[str],
):
    assert launcher.main(["begin", "somewhere"]) == 2
    assert "start DIR" in capsys.readouterr().err


def test_programs_that_cannot_be_found_are_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REGISTRY_PG_BIN", str(tmp_path))
    with pytest.raises(PostgresFailed, match="REGISTRY_PG_BIN") as failed:
        PrivatePostgres(folder).start()
    assert str(tmp_path) in str(failed.value)


def test_a_folder_out_of_the_servers_reach_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def run_as(account: object, command: list[str], cwd: Path | str) -> object:
        if command[0] == "test":
            return subprocess.CompletedProcess(command, 1)
        return plain(account, command, cwd)  # type: ignore[arg-type]

    plain = launcher.run_as
    monkeypatch.setattr(launcher, "run_as", run_as)
    with pytest.raises(PostgresFailed, match=str(folder)):
        PrivatePostgres(folder).start()


def test_a_server_that_does_not_start_says_why(folder: Path):
    server = PrivatePostgres(folder, fsync=False, settings={"shared_buffers": "nonsense"})
    with pytest.raises(PostgresFailed, match="shared_buffers"):
        server.start()
    assert server.pid is None
