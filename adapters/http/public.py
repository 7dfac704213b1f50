"""What everybody may read without a token: how one gets a card, in what time, for what fee."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from adapters.http.document import answered
from adapters.http.services import Services
from adapters.public import guide
from adapters.report import press
from registry.days import day_at

#: How long a page may be kept, in seconds: what it says changes by the day.
KEPT = {"Cache-Control": "public, max-age=3600"}

#: Words of limits and units on the page.
NAMES = {
    "card_duty_age": "应当申领的年龄",
    "card_first_application": "年满十六周岁后申领期限",
    "card_issue": "自提交申领登记表之日起发证期限",
    "card_issue_remote": "交通不便地区可延长",
    "card_temporary_issue": "临时居民身份证发证期限",
    "card_temporary_validity": "临时居民身份证有效期",
}
UNITS = {"day": "日", "working day": "个工作日", "month": "个月", "year": "年"}


def add_public(app: FastAPI, services: Services) -> None:
    """Give the public its page, and the same as data."""

    def today() -> date:
        return day_at(services.now)

    async def cards(request: Request) -> Response:
        """How one gets a card: reasons, steps, time limits, fees in force today, validity."""
        body = orjson.dumps(asdict(guide(today())))
        return Response(body, headers=KEPT, media_type="application/json")

    async def page(request: Request) -> HTMLResponse:
        text = press.html("public.html", guide=guide(today()), names=NAMES, units=UNITS)
        return HTMLResponse(text, headers=KEPT)

    example = asdict(guide(date(2007, 6, 1)))
    document = {"responses": {"200": answered({"type": "object"}, example)}}
    app.add_api_route(
        "/public/cards", cards, openapi_extra=document, tags=["public"], response_class=Response
    )
    app.add_api_route("/public", page, include_in_schema=False)
