"""Entries, submissions, and the name of this node."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite gives rows their place by an INTEGER primary key and by no other spelling of it.
Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# By code point on both databases, whatever the locale of the server.
Words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the event store."""
    op.create_table(
        "entries",
        sa.Column("position", Long, primary_key=True, autoincrement=False),
        sa.Column("stream", sa.LargeBinary(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.Integer),
        sa.Column("topic", Words),
        sa.Column("effective_on", sa.Integer, nullable=False),
        sa.Column("recorded_at", Long, nullable=False),
        sa.Column("origin", sa.Integer, nullable=False),
        sa.Column("origin_seq", Long, nullable=False),
        sa.Column("origin_at", Long),
        sa.Column("officer", Words, nullable=False),
        sa.Column("office", Words, nullable=False),
        sa.Column("submission", sa.LargeBinary(16)),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("private", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("stream", "version", name="entries_stream_version"),
        sqlite_strict=True,
    )
    # Entries of our own have their position for a sequence, which is unique already.
    op.create_index(
        "entries_origin",
        "entries",
        ["origin", "origin_seq"],
        unique=True,
        postgresql_where=sa.text("origin_at is not null"),
        sqlite_where=sa.text("origin_at is not null"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("officer", Words, nullable=False),
        sa.Column("office", Words, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("first", Long, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("recorded_at", Long, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "node",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("namespace", sa.LargeBinary(16), nullable=False),
        sqlite_strict=True,
    )
