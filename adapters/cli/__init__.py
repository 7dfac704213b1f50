"""The command line for administrators: `registry VERB`; text for people, --json for programs."""

from __future__ import annotations

import click

from adapters.cli.addresses_due import addresses_due
from adapters.cli.appending import append_address
from adapters.cli.auditing import audit, state_root, watch
from adapters.cli.bins import bins
from adapters.cli.blaming import blame, explain
from adapters.cli.calling import call_up
from adapters.cli.campaigns import preparations, programme, tasks
from adapters.cli.cases import cases
from adapters.cli.cashing import cash_book, relief_lists, unsettled_fees
from adapters.cli.checking import check
from adapters.cli.checking_books import check_register, check_rules
from adapters.cli.checking_doubles import check_doubles
from adapters.cli.checking_repeated import check_repeated
from adapters.cli.checking_unsettled import check_unsettled
from adapters.cli.cleaning import (
    batches,
    clean_up,
    findings,
    sources,
    verification,
    visit_sheet,
)
from adapters.cli.closing import close_site
from adapters.cli.comparing import compare
from adapters.cli.counting import counts, places, residents
from adapters.cli.cutting import cut
from adapters.cli.frame import Verbs
from adapters.cli.inspecting import acts
from adapters.cli.issuing import backlog, card, cards, overdue, readiness, take_back
from adapters.cli.looking import (
    find_household,
    find_number,
    household,
    in_transit,
    occupants,
    person,
    timeline,
)
from adapters.cli.material import material
from adapters.cli.ordering import order
from adapters.cli.packages import package, packages
from adapters.cli.papers import paper
from adapters.cli.photographing import photo
from adapters.cli.producing import produce
from adapters.cli.proving import prove
from adapters.cli.publishing import key, publish
from adapters.cli.readers import reader
from adapters.cli.redacting import redactions
from adapters.cli.reporting import report
from adapters.cli.running import export, follow, import_, rebuild, serve
from adapters.cli.sealing import open_, seal
from adapters.cli.segments import segments
from adapters.cli.setup import catalogue, completion, demo, keys, migrate, status, token
from adapters.cli.submitting import do
from adapters.cli.supposing import what_if
from adapters.cli.verifying import verify
from adapters.cli.warming import warm_up

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
    find_household,
    residents,
    occupants,
    in_transit,
    card,
    cards,
    backlog,
    overdue,
    addresses_due,
    call_up,
    take_back,
    readiness,
    findings,
    cases,
    sources,
    verification,
    visit_sheet,
    paper,
    clean_up,
    batches,
    package,
    packages,
    bins,
    material,
    close_site,
    order,
    produce,
    append_address,
    reader,
    programme,
    preparations,
    tasks,
    report,
    cash_book,
    relief_lists,
    unsettled_fees,
    photo,
    counts,
    places,
    segments,
    follow,
    rebuild,
    import_,
    cut,
    export,
    check,
    audit,
    compare,
    state_root,
    blame,
    explain,
    acts,
    what_if,
    watch,
    redactions,
    seal,
    open_,
    key,
    publish,
    prove,
    verify,
    catalogue,
    completion,
    warm_up,
    demo,
):
    main.add_command(verb)
for verb in (check_register, check_rules, check_doubles, check_repeated, check_unsettled):
    check.add_command(verb)
