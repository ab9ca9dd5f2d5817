"""Work waits for a worker, in the order of its lane, and whatever becomes of it costs nobody else anything."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import work_for_workers as work

from photochrom.contained import child
from photochrom.errors import ModelError, PhotoError, UsageError
from photochrom.service.pool import CrashedError, MistakeError, Pool, TooLongError
from photochrom.service.settings import Settings
from photochrom.service.turns import BusyError, Lane

Make = Callable[..., Settings]


@asynccontextmanager
async def opened(make: Make, **given: Any) -> AsyncIterator[Pool]:
    async with Pool(make(**given)) as pool:
        yield pool


def run(test: Awaitable[None]) -> None:
    async def main() -> None:
        async with asyncio.timeout(60):
            await test

    asyncio.run(main())


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@dataclass
class Hanging:
    """Work that does not end.

    Attributes:
        task: that waits for it.
        pid: of its worker.
    """

    task: asyncio.Task[Any]
    pid: int


async def hanging(pool: Pool, begun: Path, **options: Any) -> Hanging:
    """Have a worker begin work that does not end."""
    task = asyncio.create_task(pool.run(work.hang, begun, **options))
    await until(begun.exists)
    return Hanging(task, int(begun.read_text()))


async def ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})


def test_a_worker_answers_and_tells_what_was_wrong(settings: Make) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            assert await pool.run(work.echo, {"a": [1, 2.5]}) == {"a": [1, 2.5]}
            with pytest.raises(UsageError, match="this makes no sense"):
                await pool.run(work.refuse)
            with pytest.raises(PhotoError, match="family"):
                await pool.run(work.damaged)
            assert pool.model.startswith("tiny 1.0")
            assert (pool.replaced, pool.waiting, pool.alive) == (0, 0, 1)

    run(test())


def test_a_mistake_tells_the_log_where_and_nobody_what(settings: Make) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            with pytest.raises(MistakeError) as mistake:
                await pool.run(work.mistaken)
            assert "mistaken" in mistake.value.trace
            assert "secret" not in mistake.value.trace + str(mistake.value)
            assert pool.replaced == 0

    run(test())


def test_work_that_hangs_is_ended_after_its_time_and_its_worker_replaced(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            before = await pool.run(work.pid)
            with pytest.raises(TooLongError, match=r"longer than the 0\.3 seconds"):
                await pool.run(work.hang, tmp_path / "begun", seconds=0.3)
            assert await pool.run(work.pid) != before
            assert gone(before)
            assert pool.replaced == 1

    run(test())


def test_work_that_crashes_its_process_costs_itself_alone(settings: Make) -> None:
    async def test() -> None:
        async with opened(settings, workers=2) as pool:
            outcomes = await asyncio.gather(
                *(pool.run(work.abort if number == 2 else work.echo, *[number][number == 2 :]) for number in range(5)),
                return_exceptions=True,
            )
            assert isinstance(outcomes.pop(2), CrashedError)
            assert outcomes == [0, 1, 3, 4]
            await until(lambda: pool.alive == 2)

    run(test())


def test_work_that_takes_too_much_memory_is_ended(settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(child, "LEAST_MEMORY", 300 << 20)
        monkeypatch.setattr(child, "_usual_limit", lambda: 300 << 20)
        async with opened(settings) as pool:
            with pytest.raises(CrashedError, match="more memory than it may"):
                await pool.run(work.flood, 10 << 20)
            assert await pool.run(work.echo, 1) == 1

    run(test())


def test_a_worker_that_keeps_memory_is_replaced(settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr("photochrom.service.pool.KEPT", 50 << 20)
        async with opened(settings, canvases_bytes=1) as pool:
            first = await pool.run(work.keep, 1)
            assert await pool.run(work.keep, 100 << 20) == first
            assert await pool.run(work.pid) != first
            assert gone(first)

    run(test())


def test_a_worker_that_dies_while_it_waits_costs_nobody_anything(settings: Make) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            before = await pool.run(work.pid)
            os.kill(before, signal.SIGKILL)
            await until(lambda: os.waitid(os.P_PID, before, os.WEXITED | os.WNOHANG | os.WNOWAIT))
            assert await pool.run(work.echo, "still here") == "still here"

    run(test())


def test_a_full_queue_says_when_to_come_again_and_people_have_a_queue_of_their_own(
    settings: Make, tmp_path: Path
) -> None:
    async def test() -> None:
        async with opened(settings, max_queue=2) as pool:
            held = await hanging(pool, tmp_path / "begun")
            waiting = [asyncio.create_task(pool.run(work.echo, number)) for number in range(2)]
            await until(lambda: pool.waiting == 2)
            with pytest.raises(BusyError, match="try again in") as busy:
                await pool.run(work.echo, "one too many")
            assert 1 <= busy.value.retry_after <= 60
            waiting.append(asyncio.create_task(pool.run(work.echo, 2, lane=Lane.HAND)))
            await until(lambda: pool.waiting == 3)
            await ended(held.task)
            assert await asyncio.gather(*waiting) == [0, 1, 2]

    run(test())


def test_who_waits_too_long_is_told_that_it_is_busy(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings, seconds=0.3) as pool:
            held = await hanging(pool, tmp_path / "begun", seconds=60)
            with pytest.raises(BusyError):
                await pool.run(work.echo, 1)
            assert pool.waiting == 0
            await ended(held.task)

    run(test())


def test_people_go_first_then_programs_then_batches_and_each_in_their_order(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        log = tmp_path / "log"
        async with opened(settings) as pool:
            held = await hanging(pool, tmp_path / "begun")
            names = ["BATCH 1", "CALL 1", "HAND 1", "BATCH 2", "CALL 2", "HAND 2"]
            tasks = []
            for name in names:
                tasks.append(asyncio.create_task(pool.run(work.note, log, name, lane=Lane[name.split()[0]])))
                await until(lambda: pool.waiting == len(tasks))
            await ended(held.task)
            await asyncio.gather(*tasks)
        assert log.read_text().split("\n")[:-1] == ["HAND 1", "HAND 2", "CALL 1", "CALL 2", "BATCH 1", "BATCH 2"]

    run(test())


def test_who_leaves_while_waiting_gives_the_place_to_the_next(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        log = tmp_path / "log"
        async with opened(settings) as pool:
            held = await hanging(pool, tmp_path / "begun")
            leaves = asyncio.create_task(pool.run(work.note, log, "leaves"))
            stays = asyncio.create_task(pool.run(work.note, log, "stays"))
            await until(lambda: pool.waiting == 2)
            await ended(leaves)
            assert leaves.cancelled()
            assert pool.waiting == 1
            await ended(held.task)
            await stays
        assert log.read_text() == "stays\n"

    run(test())


def test_a_place_that_comes_in_the_moment_of_leaving_is_passed_on(
    settings: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            first = asyncio.create_task(pool.run(work.hang, tmp_path / "begun", 0.2))
            await until((tmp_path / "begun").exists)
            leaves = asyncio.create_task(pool.run(work.echo, "leaves"))
            free = pool._free

            def free_and_leave(seat: Any) -> None:
                free(seat)
                leaves.cancel()  # it has the place, and has not woken up yet
                monkeypatch.setattr(pool, "_free", free)

            monkeypatch.setattr(pool, "_free", free_and_leave)
            await first
            assert await pool.run(work.echo, "next") == "next"
            assert leaves.cancelled()
            assert pool.replaced == 0

    run(test())


def test_work_that_nobody_waits_for_any_more_is_ended_within_two_seconds(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            held = await hanging(pool, tmp_path / "begun")
            start = time.monotonic()
            await ended(held.task)
            assert held.task.cancelled()
            assert gone(held.pid)
            assert time.monotonic() - start < 2
            assert await pool.run(work.echo, 1) == 1
            assert pool.replaced == 1

    run(test())


def test_work_that_ends_soon_after_nobody_waits_for_it_keeps_its_worker(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            task = asyncio.create_task(pool.run(work.hang, tmp_path / "begun", 0.3))
            await until((tmp_path / "begun").exists)
            await ended(task)
            assert await pool.run(work.pid) == int((tmp_path / "begun").read_text())
            assert pool.replaced == 0

    run(test())


def test_a_photograph_goes_to_the_worker_that_served_it_before(settings: Make) -> None:
    async def test() -> None:
        async with opened(settings, workers=2) as pool:
            one, other = await asyncio.gather(pool.run(work.pid, near="one"), pool.run(work.pid, near="other"))
            assert one != other
            for _ in range(3):
                assert await pool.run(work.pid, near="one") == one
                assert await pool.run(work.pid, near="other") == other

    run(test())


def test_a_photograph_does_not_wait_for_its_worker_while_another_is_idle(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings, workers=2) as pool:
            held = await hanging(pool, tmp_path / "begun", near="one")
            assert await pool.run(work.pid, near="one") != held.pid
            await ended(held.task)

    run(test())


def test_closing_ends_workers_at_work_and_tells_those_who_wait(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            held = await hanging(pool, tmp_path / "begun")
            waits = asyncio.create_task(pool.run(work.echo, 1))
            await until(lambda: pool.waiting == 1)
        outcomes = await asyncio.gather(held.task, waits, return_exceptions=True)
        assert [type(each) for each in outcomes] == [BusyError, BusyError]
        assert gone(held.pid)
        with pytest.raises(BusyError, match="about to end"):
            await pool.run(work.echo, 1)

    run(test())


def test_a_model_that_is_not_there_is_told_at_the_start(settings: Make) -> None:
    async def test() -> None:
        before = set(psutil.Process().children())
        with pytest.raises(ModelError, match="no-such-model"):
            async with opened(settings, model="no-such-model", workers=2):
                pass
        assert set(psutil.Process().children()) <= before

    run(test())


def test_the_event_loop_goes_on_while_workers_work(settings: Make, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(settings) as pool:
            held = await hanging(pool, tmp_path / "begun")
            start = time.monotonic()
            for _ in range(100):
                await asyncio.sleep(0)
            assert time.monotonic() - start < 0.5
            await ended(held.task)

    run(test())
