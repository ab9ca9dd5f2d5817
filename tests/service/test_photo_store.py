"""Uploads stay for a while, in bounded room; what is used stays, and what goes leaves nothing behind."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fastapi import UploadFile

from photochrom.service import photos as store
from photochrom.service.painting import Facts
from photochrom.service.photos import Kept, Photos
from photochrom.service.problems import Problem
from photochrom.service.requests import new_id
from photochrom.service.studio import Seen

FACTS = Facts(
    width=4,
    height=3,
    pages=1,
    format="PNG",
    was_colored="grey",
    vividness=0.5,
    refined=(),
    warnings=(),
    project={"options": {}, "hints": [], "refined": [], "warnings": []},
)


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def tried(
    folder: Path, what: Callable[[Photos, Clock], Awaitable[None]], *, most: int = 1000, seconds: float = 60
) -> None:
    """Run `what` with a store of its own."""

    async def trial() -> None:
        clock = Clock()
        async with Photos(folder / "photos", most=most, seconds=seconds, clock=clock) as photos:
            await what(photos, clock)

    asyncio.run(trial())


def upload(size: int) -> UploadFile:
    return UploadFile(io.BytesIO(bytes(size)), size=size)


async def keep(photos: Photos, size: int = 100) -> Kept:
    async with photos.received(upload(size), name="family.jpg") as seen:
        assert seen.path.stat().st_size == size
        return photos.keep(seen, FACTS)


def another(photos: Photos, kept: Kept) -> Kept:
    """One more way to look at the same file."""
    seen = Seen(id=new_id(), path=kept.seen.path, name=kept.seen.name, boxes=((0, 0, 9, 9),))
    return photos.keep(seen, FACTS)


async def is_there(photos: Photos, kept: Kept) -> bool:
    try:
        async with photos.using(kept.seen.id):
            return True
    except Problem as problem:
        return problem.status != 404


def test_what_was_not_used_for_longest_goes_when_room_is_needed(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        first, second, third = [await keep(photos, 300) for _ in range(3)]
        assert await is_there(photos, first)  # which uses it
        await keep(photos, 500)
        assert photos.bytes == 800
        assert not second.seen.path.parent.exists()
        assert not third.seen.path.parent.exists()
        assert not await is_there(photos, second)
        assert await is_there(photos, first)

    tried(tmp_path, what)


def test_what_is_larger_than_all_room_is_refused_and_costs_nobody_else(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        first = await keep(photos, 900)
        with pytest.raises(Problem) as caught:
            await keep(photos, 1001)
        assert caught.value.status == 413
        assert await is_there(photos, first)

    tried(tmp_path, what)


def test_what_is_in_use_never_goes(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        first = await keep(photos, 900)
        async with photos.using(first.seen.id):
            clock.now += 61
            await photos.expire()
            with pytest.raises(Problem) as caught:
                await keep(photos, 200)
            assert caught.value.status == 503
            assert caught.value.headers == {"Retry-After": "5"}
            assert first.seen.path.exists()
        assert await is_there(photos, first)

    tried(tmp_path, what)


def test_time_begins_anew_with_each_use_of_any_photograph_of_the_file(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        first = await keep(photos)
        closer = another(photos, first)
        other = await keep(photos)
        clock.now += 50
        assert photos.expires_in(first) == 10
        assert await is_there(photos, closer)
        clock.now += 50
        assert await is_there(photos, first)
        assert not await is_there(photos, other)  # although nobody has cleaned up yet
        assert other.seen.path.exists()
        await photos.expire()
        assert not other.seen.path.parent.exists()
        assert first.seen.path.exists()

    tried(tmp_path, what)


def test_the_janitor_removes_what_has_expired(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        kept = await keep(photos)
        clock.now += 1
        for _ in range(200):
            await asyncio.sleep(0.01)
            if not kept.seen.path.parent.exists():
                return
        raise AssertionError("still there")

    tried(tmp_path, what, seconds=0.1)


def test_a_file_goes_with_the_last_photograph_of_it(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        first = await keep(photos)
        closer = another(photos, first)
        await photos.delete(first.seen.id)
        assert not await is_there(photos, first)
        assert await is_there(photos, closer)
        await photos.delete(closer.seen.id)
        assert not first.seen.path.parent.exists()
        assert (photos.bytes, len(photos)) == (0, 0)

    tried(tmp_path, what)


def test_one_that_is_deleted_while_it_is_used_is_used_to_the_end(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        kept = await keep(photos)
        async with photos.using(kept.seen.id):
            await photos.delete(kept.seen.id)
            assert kept.seen.path.exists()
            assert not await is_there(photos, kept)
        assert not kept.seen.path.parent.exists()

    tried(tmp_path, what)


def test_what_was_not_kept_is_gone(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        with pytest.raises(RuntimeError):
            async with photos.received(upload(10), name="notes.txt") as seen:
                raise RuntimeError
        assert not seen.path.parent.exists()
        assert photos.bytes == 0

    tried(tmp_path, what)


def test_files_that_are_just_arriving_count(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(photos.received(upload(300), name="a"))
            with pytest.raises(Problem):
                await stack.enter_async_context(photos.received(upload(300), name="a"))
        assert photos.bytes == 0

    tried(tmp_path, what)


def test_the_number_of_uploads_and_of_ways_to_look_at_one_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_UPLOADS", 2)
    monkeypatch.setattr(store, "MOST_VIEWS", 2)

    async def what(photos: Photos, clock: Clock) -> None:
        first, second, third = [await keep(photos) for _ in range(3)]
        assert [await is_there(photos, kept) for kept in (first, second, third)] == [False, True, True]
        another(photos, third)
        with pytest.raises(Problem) as caught:
            another(photos, third)
        assert caught.value.status == 409

    tried(tmp_path, what)


def test_a_project_that_may_be_large_does_not_stay_in_memory(tmp_path: Path) -> None:
    async def what(photos: Photos, clock: Clock) -> None:
        kept = await keep(photos)
        assert kept.marked
        assert kept.facts.project is None

    tried(tmp_path, what)


def test_what_an_earlier_server_left_is_removed_and_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    left = tmp_path / "photos" / "abc"
    left.mkdir(parents=True)
    (left / "original").write_bytes(b"a picture")

    async def what(photos: Photos, clock: Clock) -> None:
        assert not left.exists()
        await keep(photos)

    tried(tmp_path, what)
    assert not (tmp_path / "photos").exists()
