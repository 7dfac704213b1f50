"""The page on which every route can be read and tried, with nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

#: The package ships the page's script and style; of the package nothing else is used.
ASSETS = Path(str(files("fastapi_offline") / "static"))
SHIPPED = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}

#: Chapters closed until one is opened, a field to find routes by, no list of every schema.
LAID_OUT = {
    "docExpansion": "none",
    "filter": True,
    "defaultModelsExpandDepth": -1,
    "displayRequestDuration": True,
}


def add_docs(app: FastAPI) -> None:
    """Give the page and what it loads their routes, outside the document."""

    async def page(request: Request) -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=str(app.openapi_url),
            title=app.title,
            swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css",
            swagger_favicon_url="/docs/favicon.png",
            swagger_ui_parameters=LAID_OUT,
        )

    app.add_api_route("/docs", page, include_in_schema=False)
    for name, kind in SHIPPED.items():
        app.add_api_route(f"/docs/{name}", _shipped(name, kind), include_in_schema=False)


def _shipped(name: str, kind: str) -> Callable[[Request], Awaitable[FileResponse]]:
    async def shipped(request: Request) -> FileResponse:
        return FileResponse(ASSETS / name, media_type=kind)

    return shipped
