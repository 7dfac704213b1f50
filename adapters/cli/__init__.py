"""The command line for administrators: `registry VERB`; text for people, --json for programs."""

from __future__ import annotations

import click

from adapters.cli.checking import check
from adapters.cli.counting import counts, places, residents
from adapters.cli.cutting import cut
from adapters.cli.frame import Verbs
from adapters.cli.looking import (
    find_number,
    household,
    in_transit,
    occupants,
    person,
    timeline,
)
from adapters.cli.running import export, follow, import_, rebuild, serve
from adapters.cli.setup import catalogue, completion, demo, keys, migrate, status, token
from adapters.cli.submitting import do

__all__ = ["main"]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--database", metavar="URL", help="sqlite:///path or postgresql://host/name.")
@click.option("--query-log", metavar="URL", help="Where reads of personal data are logged.")
@click.option("--keys", metavar="FILE", help="Public keys that tokens are checked with.")
@click.version_option(package_name="population-registry")
def main(database: str | None, query_log: str | None, keys: str | None) -> None:
    """The population register (人口信息管理系统), for those who run it.

    Settings come from the environment (REGISTRY_DATABASE, REGISTRY_OFFICER, REGISTRY_OFFICE …) or
    from the TOML file that REGISTRY_CONFIG names. Citizen numbers are read from standard input or a
    file, never from the command line, where other users of the machine could see them.

    \b
    Exit codes: 0 done, 1 checked and something is wrong, 2 malformed, 3 refused by law,
    4 not found, 5 conflict, 6 unavailable, 7 forbidden.
    """


for verb in (
    migrate,
    status,
    keys,
    token,
    serve,
    do,
    timeline,
    person,
    find_number,
    household,
    residents,
    occupants,
    in_transit,
    counts,
    places,
    follow,
    rebuild,
    import_,
    cut,
    export,
    check,
    catalogue,
    completion,
    demo,
):
    main.add_command(verb)
