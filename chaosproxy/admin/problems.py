"""Errors of the admin port as RFC 9457 problem documents. Knows no route."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

log = logging.getLogger(__name__)


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An `application/problem+json` answer: the status' own title, and `detail` for the person who asked."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return web.Response(
        status=status.value,
        body=msgspec.json.encode(document),
        content_type="application/problem+json",
        headers=headers,
    )


@web.middleware
async def errors_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Unknown routes, wrong methods and our own mistakes all answer with a problem document."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{request.method} is not possible here, only {allowed}"
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, {"Allow": allowed})
    except web.HTTPNotFound:
        return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {request.path}; / lists what there is")
    except web.HTTPException as error:
        return problem(HTTPStatus(error.status), error.reason)
    except Exception:
        log.exception("admin_request_failed path=%s", request.path)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the proxy's log says what went wrong")
