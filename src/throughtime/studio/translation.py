"""A translator as an HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from throughtime import __version__
from throughtime.seq2seq.pipeline import Candidate, Pipeline
from throughtime.studio.batching import Batcher, Full
from throughtime.studio.config import ServeConfig
from throughtime.studio.limits import BodyLimit
from throughtime.studio.measures import LEFT, Measures, Timed


class Asked(BaseModel):
    """Lines to translate."""

    text: Annotated[
        str | Annotated[list[str], Field(fail_fast=True)], Field(description="A line, or a list of lines.")
    ]


class Translation(BaseModel):
    """One translation of a line."""

    text: str
    score: Annotated[float, Field(description="By which the search ranked it.")]
    log_probability: float


class Answered(BaseModel):
    """For each line its translations, the best first."""

    translations: list[list[Translation]]


class Standing(BaseModel):
    """How the server is."""

    status: str
    version: str
    waiting_lines: int


def application(pipeline: Pipeline, config: ServeConfig) -> FastAPI:
    """The API of a pipeline, which from now on belongs to it."""
    measures = Measures(lambda: batcher.held)
    batcher = Batcher[str, list[Candidate]](
        lambda lines: list(pipeline.lines(lines)),
        config.lines_together,
        config.max_waiting,
        measures.batch,
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await asyncio.to_thread(batcher.close)

    app = FastAPI(title="Throughtime: translation", version=__version__, lifespan=life)
    app.add_middleware(BodyLimit, most=config.max_body, seconds=config.timeout)
    app.add_middleware(Timed, path="/translate", tell=measures.answered)  # the last is the outermost

    @app.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        told = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in error.errors())
        return JSONResponse({"detail": _whole(told)}, 422)

    @app.post("/translate")
    async def translate(asked: Asked, request: Request) -> Answered:
        lines = list(map(_whole, [asked.text] if isinstance(asked.text, str) else asked.text))
        _check(lines, config)
        answers = await _answers(batcher, lines, request, config.timeout)
        return Answered(translations=[list(map(_shown, candidates)) for candidates in answers])

    @app.get("/health")
    async def health() -> Standing:
        if not batcher.alive:
            raise HTTPException(503, "the worker has ended")
        return Standing(status="ok", version=__version__, waiting_lines=batcher.held)

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(measures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


def _check(lines: Sequence[str], config: ServeConfig) -> None:
    if len(lines) > config.max_lines:
        raise HTTPException(413, f"{len(lines):,} lines; expected at most {config.max_lines:,}")
    if (count := sum(map(len, lines))) > config.max_characters:
        raise HTTPException(413, f"{count:,} characters; expected at most {config.max_characters:,}")


async def _answers(
    batcher: Batcher[str, list[Candidate]], lines: Sequence[str], request: Request, seconds: float
) -> Sequence[list[Candidate]]:
    """The answers, unless the client leaves or the time is up; then nobody begins to work on them."""
    work, leaving = asyncio.ensure_future(batcher.answers(lines)), asyncio.ensure_future(_leaves(request))
    try:
        await asyncio.wait({work, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
    except Full:
        raise HTTPException(503, "too much is waiting; ask again later", {"Retry-After": "1"}) from None
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


def _shown(candidate: Candidate) -> Translation:
    return Translation(text=candidate.text, score=candidate.score, log_probability=candidate.log_probability)


def _whole(text: str) -> str:
    """A text with `?` for each half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _place(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place[1:])) or "body"
