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

#: On a narrow screen what a chapter is about stands under its heading, not beside it.
NARROW = b"""<style>
@media (max-width: 640px) {
  .swagger-ui .opblock-tag { display: block; position: relative; padding-right: 48px; }
  .swagger-ui .opblock-tag > * { display: block; padding: 0; }
  .swagger-ui .opblock-tag > button { position: absolute; right: 8px; top: 16px; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .filter .operation-filter-input { width: 100%; }
}
</style>
"""


def add_docs(app: FastAPI) -> None:
    """Give the page and what it loads their routes, outside the document."""

    async def page(request: Request) -> HTMLResponse:
        made = get_swagger_ui_html(
            openapi_url=str(app.openapi_url),
            title=app.title,
            swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css",
            swagger_favicon_url="/docs/favicon.png",
            swagger_ui_parameters=LAID_OUT,
        )
        return HTMLResponse(bytes(made.body).replace(b"</head>", NARROW + b"</head>"))

    app.add_api_route("/docs", page, include_in_schema=False)
    for name, kind in SHIPPED.items():
        app.add_api_route(f"/docs/{name}", _shipped(name, kind), include_in_schema=False)


def _shipped(name: str, kind: str) -> Callable[[Request], Awaitable[FileResponse]]:
    async def shipped(request: Request) -> FileResponse:
        return FileResponse(ASSETS / name, media_type=kind)

    return shipped
