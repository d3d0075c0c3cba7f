"""Any application as an HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from throughtime import __version__
from throughtime.application.application import Answer, AnyApplication
from throughtime.errors import InputError
from throughtime.studio.batching import Batcher, Full
from throughtime.studio.config import ServeConfig
from throughtime.studio.limits import BodyLimit
from throughtime.studio.measures import LEFT, Measures, Timed


class TextRequest(BaseModel):
    """Lines of text."""

    text: Annotated[
        str | Annotated[list[str], Field(fail_fast=True)], Field(description="A line, or a list of lines.")
    ]


class JsonRequest(BaseModel):
    """Values of JSON."""

    inputs: Annotated[list[Any], Field(description="A list of inputs.")]


class Health(BaseModel):
    """The state of the server."""

    status: str
    version: str
    waiting_inputs: int


def api_of(application: AnyApplication, model: Any, config: ServeConfig) -> FastAPI:
    """Return the API of a model, which belongs to it from now on.

    POST /ROUTE takes {"text": ...}, {"inputs": [...]} or the bytes of one file, by the application's kind of
    input, and gives an answer for each; invalid inputs are answered by 422, larger ones by 413.
    """
    measures = Measures(lambda: batcher.held)
    batcher = Batcher[Any, Answer](
        lambda inputs: application.answer(model, inputs),
        config.batch_size,
        config.max_waiting,
        measures.batch,
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await asyncio.to_thread(batcher.close)

    route, name = application.route
    app = FastAPI(title=f"Throughtime: {application.name}", version=__version__, lifespan=life)
    app.add_middleware(BodyLimit, most=config.max_body, seconds=config.timeout)
    app.add_middleware(Timed, path=f"/{route}", report=measures.answered)  # the last is the outermost

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": _problems(error.errors())}, 422)

    async def answered(inputs: Sequence[Any], request: Request) -> dict[str, Any]:
        if len(inputs) > config.max_inputs:
            raise HTTPException(413, f"{len(inputs):,} inputs; at most {config.max_inputs:,} are allowed")
        answers = await _answers(batcher, inputs, request, config.timeout)
        return {name: [answer.to_json() for answer in answers]}

    async def of_text(asked: TextRequest, request: Request) -> dict[str, Any]:
        lines = list(map(_encodable, [asked.text] if isinstance(asked.text, str) else asked.text))
        if (count := sum(map(len, lines))) > config.max_characters:
            raise HTTPException(413, f"{count:,} characters; at most {config.max_characters:,} are allowed")
        return await answered(lines, request)

    async def of_json(asked: JsonRequest, request: Request) -> dict[str, Any]:
        return await answered(asked.inputs, request)

    async def of_bytes(request: Request) -> dict[str, Any]:
        return await answered([await request.body()], request)

    body = {"requestBody": {"content": {"application/octet-stream": {}}, "required": True}}
    handler = {"text": of_text, "json": of_json, "bytes": of_bytes}[application.input]
    app.post(f"/{route}", openapi_extra=body if application.input == "bytes" else None)(handler)

    @app.get("/health")
    async def health() -> Health:
        if not batcher.alive:
            raise HTTPException(503, "the worker has ended")
        return Health(status="ok", version=__version__, waiting_inputs=batcher.held)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(measures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


async def _answers(
    batcher: Batcher[Any, Answer], inputs: Sequence[Any], request: Request, seconds: float
) -> Sequence[Answer]:
    """The answers, unless the client leaves or the time is up; then nobody begins to work on them."""
    work, leaving = asyncio.ensure_future(batcher.answers(inputs)), asyncio.ensure_future(_leaves(request))
    try:
        await asyncio.wait({work, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
    except Full:
        raise HTTPException(503, "too much is waiting; ask again later", {"Retry-After": "1"}) from None
    except InputError as error:
        raise HTTPException(422, _encodable(str(error))) from None
    finally:
        work.cancel()
        leaving.cancel()
    if leaving.done():
        raise HTTPException(LEFT, "the client has left")
    raise HTTPException(504, f"no answer within {seconds:g} seconds")


async def _leaves(request: Request) -> None:
    """Return once the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _problems(errors: Sequence[Any]) -> str:
    return _encodable("; ".join(f"{_place(error['loc'])}: {error['msg']}" for error in errors))


def _encodable(text: str) -> str:
    """A text with `?` for each half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _place(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place[1:])) or "body"
