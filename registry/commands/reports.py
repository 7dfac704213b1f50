"""Filing of reports: which figures, by whom, as known when (上报统计报表)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from registry.aggregates import Reports, programme_rules
from registry.commands.base import (
    ADMINISTRATOR,
    CITY,
    COUNTY,
    EXCHANGE_OFFICE,
    PROVINCE,
    STATION,
    command,
)
from registry.commands.programme import division_of
from registry.days import instant_of
from registry.errors import Fault, Malformed
from registry.events.reports import ReportFiled
from registry.registrar import Registrar
from registry.values import Digest, DivisionId, ReportForm, ReportId
from registry.vocabulary import Kind


@command(ADMINISTRATOR, EXCHANGE_OFFICE, STATION, COUNTY, CITY, PROVINCE)
class FileReport:
    """File the figures of a report, which are kept under their digest (上报统计报表).

    They are computed and kept before; a later report of the same period stands beside this one.
    known_at: the instant of the last entry that counts, like 2007-06-01T12:30:00.000001+08:00.
    Source: Deyang plan of 2004 (德办发(2004)39号) 三(六)3: 掌握基本情况并定期上报.
    """

    form: ReportForm
    division: DivisionId
    first: date
    last: date
    known_at: str
    figures: Digest
    size: int
    rows: int

    @property
    def instant(self) -> int:
        """The instant in microseconds UTC; raises Malformed at a text that is none."""
        try:
            return instant_of(datetime.fromisoformat(self.known_at))
        except ValueError as error:
            told = "an instant is written like 2007-06-01T12:30:00.000001+08:00"
            raise Malformed([Fault("/known_at", "invalid", told)]) from error

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the filing."""
        division_of(registrar, self.division)
        one_day = self.form.period == "day"
        unfit = programme_rules.PeriodUnfit(f"{self.form}: {self.first} to {self.last}")
        registrar.refuse_if((one_day and self.first != self.last, unfit))
        name = f"{self.form}/{self.division}/{self.first}/{self.last}"
        stream = ReportId(registrar.named(Kind.REPORT, name))
        registrar.find(Reports, stream)
        entry = registrar.enter(
            stream,
            ReportFiled(
                effective_on=registrar.today,
                form=self.form,
                division=self.division,
                first=self.first,
                last=self.last,
                known_at=self.instant,
                figures=self.figures,
                size=self.size,
                rows=self.rows,
            ),
        )
        return {"report": stream, "version": entry.version, "figures": self.figures}
