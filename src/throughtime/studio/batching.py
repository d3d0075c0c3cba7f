"""Work of many at once: what waits is done together by one thread, while the event loop goes on."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Generic, TypeVar

from throughtime.errors import InputError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class Full(Exception):
    """More waits than is allowed to."""


@dataclass(eq=False)
class _Job(Generic[Item, Answer]):
    items: Sequence[Item]
    future: asyncio.Future[Sequence[Answer]]
    loop: asyncio.AbstractEventLoop

    def wanted(self) -> bool:
        """Whether somebody still waits for it."""
        return not self.future.done()

    def settle(self, answers: Sequence[Answer] | None, error: Exception | None = None) -> None:
        """Hand the answers over to the event loop, if it still runs."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._set, answers, error)

    def _set(self, answers: Sequence[Answer] | None, error: Exception | None) -> None:
        if self.future.done():  # whoever asked has gone
            return
        if error is not None or answers is None:
            self.future.set_exception(error or RuntimeError("no answer"))
        else:
            self.future.set_result(answers)


class Batcher(Generic[Item, Answer]):
    """Answers items, those of several requests together, by `work`, which gives one answer for each item.

    It never waits for more to come: while one batch is worked on the next gathers. Whoever asked and has gone
    by then, cancelled or timed out, is left out. at_once: items of a batch, more only where one request has
    more; most: items that may wait or be worked on. `done` is told of each batch's items.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Answer]],
        at_once: int,
        most: int,
        done: Callable[[int], None] = lambda items: None,
    ) -> None:
        self._work, self._at_once, self._most, self._done = work, at_once, most, done
        self._jobs: deque[_Job[Item, Answer]] = deque()
        self._held = 0
        self._closing = False
        self._change = Condition()
        self._thread = Thread(target=self._run, name="batches", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether there is still somebody to do the work."""
        return self._thread.is_alive()

    @property
    def held(self) -> int:
        """Items that wait or are worked on."""
        return self._held

    async def answers(self, items: Sequence[Item]) -> Sequence[Answer]:
        """One answer for each item; raises Full where too much waits, and what `work` raises for these."""
        loop = asyncio.get_running_loop()
        job = _Job[Item, Answer](items, loop.create_future(), loop)
        with self._change:
            if self._closing or self._held + len(items) > self._most:
                raise Full
            self._held += len(items)
            self._jobs.append(job)
            self._change.notify()
        return await job.future

    def close(self) -> None:
        """Finish what waits; from now on nothing more is taken."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while jobs := self._next():
            if wanted := list(filter(_Job.wanted, jobs)):
                self._answer(wanted)
            with self._change:
                self._held -= sum(len(job.items) for job in jobs)

    def _next(self) -> list[_Job[Item, Answer]]:
        """The jobs of the next batch, the first waited for; none once all is done and closed."""
        with self._change:
            self._change.wait_for(lambda: self._jobs or self._closing)
            taken: list[_Job[Item, Answer]] = []
            count = 0
            while self._jobs and (not taken or count + len(self._jobs[0].items) <= self._at_once):
                taken.append(self._jobs.popleft())
                count += len(taken[-1].items)
            return taken

    def _answer(self, jobs: Sequence[_Job[Item, Answer]]) -> None:
        items = [item for job in jobs for item in job.items]
        try:
            answers = self._work(items)
        except Exception as error:
            self._answer_apart(jobs, error)
            return
        first = 0
        for job in jobs:
            job.settle(answers[first : first + len(job.items)])
            first += len(job.items)
        self._done(len(items))

    def _answer_apart(self, jobs: Sequence[_Job[Item, Answer]], error: Exception) -> None:
        """One request's fault is not the others'."""
        if len(jobs) > 1:
            for job in filter(_Job.wanted, jobs):
                self._answer([job])
            return
        if not isinstance(error, InputError):
            log.error("a request failed", exc_info=error)
        jobs[0].settle(None, error)
