"""Whatever happens to one item, the others are coloured; a server that goes on where another ended finds it right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from photochrom.errors import PhotoError
from photochrom.service.batches.batches import Batches, Change
from photochrom.service.batches.store import MOST_INTERRUPTIONS, Item, Result, State, Store
from photochrom.service.coloring import Colored, Order
from photochrom.service.disk import NoSpaceError
from photochrom.service.pool import CrashedError, MistakeError, TooLongError
from photochrom.service.settings import Settings
from photochrom.service.turns import BusyError, Lane

COLORED = Colored(ending=".png", mime="image/png", model="none", warnings=())

Does = Callable[[Order], Coroutine[Any, Any, Colored]]


class Workers:
    """Stands for the pool: what it does with an order is up to the test.

    Attributes:
        orders: names of the items that it was given.
    """

    def __init__(self, does: Does | None = None) -> None:
        self.orders: list[str] = []
        self._does = does or written

    async def run(self, work: Callable[..., Any], *arguments: Any, lane: Lane) -> Any:
        assert lane is Lane.BATCH
        (order,) = arguments
        self.orders.append(order.name)
        return await self._does(order)


async def written(order: Order) -> Colored:
    order.target.write_bytes(b"whole")
    return COLORED


async def forever(order: Order) -> Colored:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(work=tmp_path, workers=1, model="none")


async def send(batches: Batches, *names: str, id: str = "a") -> None:
    batches.folders.begin(id)
    for number in range(1, len(names) + 1):
        batches.folders.original(id, number).write_bytes(b"original")
    await batches.accept(id, {}, [Item(number, name) for number, name in enumerate(names, 1)])


async def ended(batches: Batches, id: str = "a") -> list[Item]:
    async with asyncio.timeout(10):
        async for _ in batches.changes(id, beat=60):
            pass
    return (await batches.whole(id))[1]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_results_are_in_their_place_and_nothing_else_is_left(settings: Settings, tmp_path: Path) -> None:
    async def run() -> None:
        async with Batches(settings, Workers()) as batches:
            await send(batches, "x.jpg", "y.jpg")
            items = await ended(batches)
            assert [item.state for item in items] == [State.DONE] * 2
            await until(lambda: names(tmp_path / "batches/a") == ["results"])
            assert names(tmp_path / "batches/a/results") == ["1.png", "2.png"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PhotoError("x.jpg: is no picture"), "is no picture"),
        (CrashedError("made its process crash"), "crash"),
        (TooLongError("took longer than 120 s"), "took longer"),
        (MistakeError("photochrom/x.py:1 f"), "made a mistake"),
        (ValueError("secret"), "made a mistake"),
    ],
)
def test_one_that_fails_says_why_and_the_others_go_on(settings: Settings, error: Exception, reason: str) -> None:
    async def does(order: Order) -> Colored:
        if order.name == "x.jpg":
            raise error
        return await written(order)

    async def run() -> None:
        async with Batches(settings, Workers(does)) as batches:
            await send(batches, "x.jpg", "y.jpg")
            bad, good = await ended(batches)
            assert (bad.state, good.state) == (State.FAILED, State.DONE)
            assert reason in str(bad.reason)
            assert "secret" not in str(bad.reason)

    asyncio.run(run())


def test_no_more_are_under_way_than_there_are_workers(settings: Settings) -> None:
    async def run() -> None:
        workers = Workers(forever)
        async with Batches(settings, workers) as batches:
            await send(batches, "x.jpg", "y.jpg")
            await until(lambda: bool(workers.orders))
            await asyncio.sleep(0.05)
            assert workers.orders == ["x.jpg"]

    asyncio.run(run())


def test_a_busy_pool_is_waited_for(settings: Settings) -> None:
    tries = []

    async def does(order: Order) -> Colored:
        tries.append(order.name)
        if len(tries) == 1:
            raise BusyError(0)
        return await written(order)

    async def run() -> None:
        async with Batches(settings, Workers(does)) as batches:
            await send(batches, "x.jpg")
            (item,) = await ended(batches)
            assert item.state is State.DONE
            assert tries == ["x.jpg", "x.jpg"]

    asyncio.run(run())


def test_a_result_that_cannot_be_moved_into_place_is_a_failure_with_a_sentence(settings: Settings) -> None:
    async def nothing(order: Order) -> Colored:
        return COLORED

    async def run() -> None:
        async with Batches(settings, Workers(nothing)) as batches:
            await send(batches, "x.jpg")
            (item,) = await ended(batches)
            assert item.state is State.FAILED
            assert "could not write" in str(item.reason)

    asyncio.run(run())


def test_a_work_folder_that_cannot_be_written_is_a_sentence(settings: Settings, tmp_path: Path) -> None:
    async def run() -> None:
        async with Batches(settings, Workers()) as batches:
            (tmp_path / "batches").rmdir()
            (tmp_path / "batches").write_bytes(b"")  # unlike permissions, in the way of root as well
            batches.folders.begin("a")

    with pytest.raises(NoSpaceError, match="could not write to its work folder"):
        asyncio.run(run())


def test_cancelling_ends_what_is_under_way_and_keeps_what_is_finished(settings: Settings, tmp_path: Path) -> None:
    async def does(order: Order) -> Colored:
        return await (written if order.name == "x.jpg" else forever)(order)

    async def run() -> None:
        workers = Workers(does)
        async with Batches(settings, workers) as batches:
            await send(batches, "x.jpg", "y.jpg", "z.jpg")
            await until(lambda: workers.orders == ["x.jpg", "y.jpg"])
            await batches.cancel("a")
            items = await ended(batches)
            assert [item.state for item in items] == [State.DONE, State.CANCELLED, State.CANCELLED]
            assert names(tmp_path / "batches/a/results") == ["1.png"]
            assert not (tmp_path / "batches/a/originals").exists()
            await send(batches, "x.jpg", id="b")  # the worker is free again
            assert [item.state for item in await ended(batches, "b")] == [State.DONE]

    asyncio.run(run())


def test_deleting_ends_what_is_under_way_and_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    async def run() -> None:
        workers = Workers(forever)
        async with Batches(settings, workers) as batches:
            await send(batches, "x.jpg")
            await until(lambda: bool(workers.orders))
            await batches.delete("a")
            assert await batches.summary("a") is None
            assert names(tmp_path / "batches") == []

    asyncio.run(run())


def test_a_server_that_is_ended_in_order_blames_nobody(settings: Settings) -> None:
    async def run() -> None:
        for _ in range(MOST_INTERRUPTIONS + 1):
            workers = Workers(forever)
            async with Batches(settings, workers) as batches:
                if not await batches.summary("a"):
                    await send(batches, "x.jpg", "y.jpg")
                await until(lambda workers=workers: workers.orders == ["x.jpg"])  # type: ignore[misc]
        async with Batches(settings, Workers()) as batches:
            assert [item.state for item in await ended(batches)] == [State.DONE] * 2

    asyncio.run(run())


def test_a_result_in_its_place_is_not_made_again(settings: Settings) -> None:
    """The server was killed after it moved the result, before it said so."""

    async def run() -> None:
        batches = Batches(settings, Workers(forever))
        await batches._records.open()
        await batches._recover()
        await send(batches, "x.jpg", "y.jpg")
        task = await batches._records.ask(lambda store: store.take())
        assert task is not None
        await batches._records.ask(lambda store: store.made("a", 1, Result(".png", "image/png")))
        batches.folders.result("a", 1, ".png").write_bytes(b"whole")
        await batches._records.close()

        workers = Workers()
        async with Batches(settings, workers) as batches:
            assert [item.state for item in await ended(batches)] == [State.DONE] * 2
            assert workers.orders == ["y.jpg"]

    asyncio.run(run())


def test_what_was_not_accepted_is_removed_at_the_next_start(settings: Settings, tmp_path: Path) -> None:
    async def run() -> None:
        async with Batches(settings, Workers()) as batches:
            batches.folders.begin("half")
            assert names(tmp_path / "batches") == ["half"]
        async with Batches(settings, Workers()):
            assert names(tmp_path / "batches") == []

    asyncio.run(run())


def test_one_that_is_accepted_in_the_moment_of_the_servers_end_is_coloured_by_the_next(settings: Settings) -> None:
    async def run() -> None:
        async with Batches(settings, Workers(forever)) as batches:
            ask, task = batches._records.ask, asyncio.current_task()

            async def ask_and_end(*arguments: Any, **named: Any) -> Any:
                if arguments[0] is Store.create:
                    assert task is not None
                    task.cancel()
                return await ask(*arguments, **named)

            batches._records.ask = ask_and_end  # type: ignore[method-assign]
            with pytest.raises(asyncio.CancelledError):
                await send(batches, "x.jpg")
        async with Batches(settings, Workers()) as batches:
            assert [item.state for item in await ended(batches)] == [State.DONE]

    asyncio.run(run())


def test_a_batch_is_forgotten_a_while_after_its_end(tmp_path: Path) -> None:
    settings = Settings(work=tmp_path, workers=1, model="none", batch_seconds=0.05)
    clock = [1000.0]

    async def run() -> None:
        async with Batches(settings, Workers(), now=lambda: clock[0]) as batches:
            await send(batches, "x.jpg")
            await ended(batches)
            summary = await batches.summary("a")
            assert summary is not None
            clock[0] += 0.04
            assert batches.expires_in(summary) == pytest.approx(0.01)
            clock[0] += 1
            await until(lambda: names(tmp_path / "batches") == [])
            assert await batches.summary("a") is None

    asyncio.run(run())


def test_whoever_watches_is_told_every_change_in_order_and_then_that_it_ended(settings: Settings) -> None:
    async def run() -> None:
        go = asyncio.Event()

        async def does(order: Order) -> Colored:
            await go.wait()
            return await written(order)

        async with Batches(settings, Workers(does)) as batches:
            await send(batches, "x.jpg", "y.jpg")
            told: list[Change] = []
            async with asyncio.timeout(10):
                async for change in batches.changes("a", beat=60):
                    assert change is not None
                    told.append(change)
                    go.set()
            assert told[0].item is None
            steps = [(change.item.number, change.item.state) for change in told[1:] if change.item]
            assert [step for step in steps if step[0] == 1][-1] == (1, State.DONE)
            assert steps[-1] == (2, State.DONE)
            assert [change.summary.done for change in told] == sorted(change.summary.done for change in told)
            assert not batches._watchers

    asyncio.run(run())


def test_whoever_stops_watching_is_forgotten_and_a_quiet_batch_beats(settings: Settings) -> None:
    async def run() -> None:
        async with Batches(settings, Workers(forever)) as batches:
            await send(batches, "x.jpg")
            changes = batches.changes("a", beat=0.02)
            async with asyncio.timeout(10):
                while await anext(changes) is not None:
                    pass
            await changes.aclose()
            assert not batches._watchers

    asyncio.run(run())
