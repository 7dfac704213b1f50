"""Reads the settings, builds the parts and wires them: the only place that knows all of them."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Engine, LargeBinary, column, insert, select, table

from adapters.database import Durability, open_database, writing
from adapters.eventstore import Recorder, microseconds
from adapters.ids import ids, salts
from adapters.schema import check, migrate
from registry.codes import add_divisions
from registry.errors import Unavailable
from registry.register import Register, Setting

NODE = table("node", column("number"), column("name"), column("namespace", LargeBinary))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an administrator sets; each has the environment name REGISTRY_<NAME>.

    A TOML file named by REGISTRY_CONFIG gives the same names in lower case; the environment wins.
    """

    database: str = "sqlite:///registry.db"
    query_log: str = ""  # its own database; beside the register's on SQLite, the same server else
    durability: Durability = "full"
    node: int = 1
    node_name: str = "register"
    namespace: str = ""  # the province's secret; made at random when the node is created
    keys: str = "registry-keys.json"  # public keys that tokens are checked with
    reversal_days: int = 0  # business older than this is not undone; 0: no limit
    lag_limit: int = 10_000  # entries that projections may be behind and still be ready
    divisions: str = ""  # CSV of division codes newer than the built-in table

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """Settings from the file, the environment and, above both, what is given."""
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        if path := environment.get("REGISTRY_CONFIG"):
            values.update(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        for field in fields(cls):
            if (text := environment.get(f"REGISTRY_{field.name.upper()}")) is not None:
                values[field.name] = int(text) if field.type == "int" else text
        values.update({name: value for name, value in given.items() if value is not None})
        unknown = values.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        return cls(**values)

    @property
    def query_log_url(self) -> str:
        """Where the query log is kept."""
        if self.query_log:
            return self.query_log
        if self.database.startswith("sqlite:///"):
            return self.database.removesuffix(".db") + "-queries.db"
        return self.database


@dataclass(frozen=True)
class Parts:
    """A register that is wired up."""

    settings: Settings
    engine: Engine
    store: Recorder
    register: Register
    setting: Setting


def assemble(
    settings: Settings,
    *,
    clock: Callable[[], int] = microseconds,
    create: bool = False,
) -> Parts:
    """Open the databases and build the register.

    create: bring the schema up to date first, as `registry migrate` does; otherwise a schema that
    is missing, older or newer is refused.
    """
    if settings.divisions:
        add_divisions(Path(settings.divisions))
    engine = open_database(settings.database, durability=settings.durability)
    if create:
        migrate(engine)
        name_node(engine, settings)
    else:
        check(engine)
    namespace = namespace_of(engine, settings.node)
    setting = Setting(
        namespace=namespace,
        places=uuid5(namespace, "places"),
        reversal_days=settings.reversal_days or None,
    )
    store = Recorder(engine, node=settings.node, clock=clock)
    register = Register(store, setting, clock=clock, ids=ids(clock), salt=salts)
    return Parts(settings, engine, store, register, setting)


def name_node(engine: Engine, settings: Settings) -> None:
    """Write this node's name and the secret namespace once; they never change."""
    with writing(engine) as connection:
        known = connection.execute(
            select(NODE.c.namespace).where(NODE.c.number == settings.node)
        ).scalar()
        if known is None:
            secret = UUID(settings.namespace) if settings.namespace else None
            connection.execute(
                insert(NODE).values(
                    number=settings.node,
                    name=settings.node_name,
                    namespace=secret.bytes if secret else secrets.token_bytes(16),
                )
            )


def namespace_of(engine: Engine, node: int) -> UUID:
    """The secret namespace from which names of numbers, books and papers derive."""
    with engine.connect() as connection:
        known = connection.execute(select(NODE.c.namespace).where(NODE.c.number == node)).scalar()
    if known is None:
        raise Unavailable(f"the database knows no node {node}; run `registry migrate` first")
    return UUID(bytes=bytes(known))
