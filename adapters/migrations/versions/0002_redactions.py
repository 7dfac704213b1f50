"""An index over the redactions alone, which are few among hundreds of millions of entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# The code of PartRedacted, which is given for ever.
REDACTIONS = sa.text("code = 28")


def upgrade() -> None:
    """Create the index."""
    op.create_index(
        "entries_redactions",
        "entries",
        ["position"],
        postgresql_where=REDACTIONS,
        sqlite_where=REDACTIONS,
    )
