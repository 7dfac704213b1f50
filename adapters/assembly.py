"""Reads the settings, builds the parts and wires them: the only place that knows all of them."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Engine, LargeBinary, column, insert, select, table

from adapters.database import Durability, open_database, writing
from adapters.eventstore import Recorder, microseconds
from adapters.ids import ids, salts
from adapters.redactions import Noting, secret_of
from adapters.schema import check, migrate
from registry.card_terms import CardSetting
from registry.codes import add_divisions
from registry.errors import Forbidden, Unavailable
from registry.register import Register, Setting
from registry.registrar import MOVE_PAPERS
from registry.store import Append, Outcome

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
    tiles: str = "registry-tiles"  # folder into which the log's Merkle tree is published
    sealed: str = "registry-sealed"  # folder of the sealed log; once it is there it is kept up
    signing_key: str = "registry-signing.key"  # private keys that its checkpoints are signed with
    redactions: str = ""  # file of what was blanked, kept apart from backups; beside the database
    reversal_days: int = 0  # business older than this is not undone; 0: no limit
    audit_share: int = 5  # percent of a core that the self-audit of a server takes; 0: none
    move_papers: str = "certificate"  # without which nobody from elsewhere settles: or permit too
    lag_limit: int = 10_000  # entries that projections may be behind and still be ready
    places: str = ""  # stream of the tree of places, where another namespace named it
    archive: str = ""  # file that a province was opened from, which is then its sealed log
    read_only: int = 0  # 1: questions are answered and nothing is recorded
    divisions: str = ""  # CSV of division codes newer than the built-in table
    card_gates: str = "baseline,verified,number,exchange,officers"  # what stands before a card
    card_inspections: str = "1,2,3,4"  # levels at which made cards are inspected
    card_sample: str = ""  # what the city looks at: permille,least,accepts,document; else the table
    card_checks: str = "identity,visual,chip"  # what is looked at before a card changes hands
    card_shared_number: int = 0  # who of several holders of a number: 0 none, 1 all, 2 the first
    card_keys: str = "registry-cards.key"  # master keys from which each card's own derive
    card_signing_key: str = "registry-cards-signing.key"  # private keys that chips are signed with
    media_key: str = "registry-media.key"  # keys of this node, under which photographs are kept

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

    @property
    def redactions_file(self) -> Path:
        """Where redactions are noted outside of the database, whatever folder this is run in."""
        path = self.redactions or "registry-redactions.ndjson"
        if not self.redactions and self.database.startswith("sqlite:///"):
            stem = self.database.removeprefix("sqlite:///").removesuffix(".db")
            path = f"{stem}-redactions.ndjson"
        return Path(path).absolute()


class ReadOnly(Recorder):
    """A store that is only asked."""

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Refuse."""
        raise Forbidden("this is an archive, opened to be read; record it in the register itself")


@dataclass(frozen=True)
class Parts:
    """A register that is wired up."""

    settings: Settings
    engine: Engine
    store: Recorder
    register: Register
    setting: Setting
    noting: Noting


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
        places=UUID(settings.places) if settings.places else uuid5(namespace, "places"),
        reversal_days=settings.reversal_days or None,
        papers=papers_of(settings.move_papers),
        cards=CardSetting.of(
            settings.card_gates,
            settings.card_inspections,
            settings.card_sample,
            settings.card_shared_number,
            settings.card_checks,
        ),
    )
    recorder = ReadOnly if settings.read_only else Recorder
    store = recorder(engine, node=settings.node, clock=clock)
    # The database of an archive was made without the province's secret.
    secret = None if settings.archive else secret_of(namespace)
    noting = Noting(settings.redactions_file, secret, engine, store)
    store.redacted = noting.told
    register = Register(store, setting, clock=clock, ids=ids(clock), salt=salts)
    return Parts(settings, engine, store, register, setting, noting)


def papers_of(text: str) -> frozenset[str]:
    """The papers that a setting names, with commas between."""
    named = frozenset(part.strip() for part in text.split(",")) - {""}
    if unknown := named - MOVE_PAPERS:
        raise ValueError(
            f"MOVE_PAPERS: {', '.join(sorted(unknown))} is none of {', '.join(sorted(MOVE_PAPERS))}"
        )
    return named


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
