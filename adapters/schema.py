"""The schema of a database: created, upgraded step by step, refused when newer than the program."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, text

from adapters.database import writing

if TYPE_CHECKING:  # it takes as long to load as a third of the register; few processes need it
    from alembic.runtime.migration import MigrationContext

MIGRATIONS = Path(__file__).parent / "migrations"
ALEMBIC = Lock()  # it keeps the migration at hand in a global
LOCK = 0x7265_6701  # of PostgreSQL's advisory locks: one program upgrades at a time


class SchemaMismatch(Exception):
    """The database's schema is not the one this program is written for."""


def migrate(engine: Engine, to: str = "head", folder: Path = MIGRATIONS) -> None:
    """Bring a database's schema up to date, all steps or none.

    Raises SchemaMismatch if it is newer than this program.
    """
    steps = Steps(folder)
    with ALEMBIC, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        steps.refuse_newer(current(connection))
        steps.take(connection, to)


def check(engine: Engine, folder: Path = MIGRATIONS) -> None:
    """Make sure that a database's schema is the one this program is written for.

    Raises SchemaMismatch if it is missing, older or newer.
    """
    steps = Steps(folder)
    with engine.connect() as connection:
        found = current(connection)
    steps.refuse_newer(found)
    if found is None:
        raise SchemaMismatch("the database is empty; create its schema with `registry migrate`")
    if found != steps.newest:
        raise SchemaMismatch(
            f"the database's schema is of revision {found} and this program needs"
            f" {steps.newest}; upgrade it with `registry migrate`"
        )


def current(connection: Connection) -> str | None:
    """The revision of a database's schema, None if it has none yet."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


class Steps:
    """The revisions in a folder, and how to take them."""

    def __init__(self, folder: Path) -> None:
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        self.config = Config()
        self.config.set_main_option("script_location", str(folder).replace("%", "%%"))
        self.config.set_main_option("path_separator", "os")
        self.script = ScriptDirectory.from_config(self.config)

    @property
    def newest(self) -> str | None:
        """The last revision."""
        return self.script.get_current_head()

    def refuse_newer(self, found: str | None) -> None:
        """Raise SchemaMismatch if a database's revision is none of ours."""
        known = {step.revision for step in self.script.walk_revisions()}
        if found is not None and found not in known:
            raise SchemaMismatch(
                f"the database's schema is of revision {found}, newer than this program, which"
                f" knows it up to {self.newest}; install a newer version of the program"
            )

    def take(self, connection: Connection, to: str) -> None:
        """Take the steps up to a revision, in the transaction at hand."""
        from alembic.runtime.environment import EnvironmentContext

        def steps(found: Any, context: MigrationContext) -> Any:
            return self.script._upgrade_revs(to, found)

        with EnvironmentContext(self.config, self.script, fn=steps, destination_rev=to) as context:
            context.configure(connection=connection, transactional_ddl=True)
            context.run_migrations()
