"""What goes in and out of `/v1/batches`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from photochrom.service.batches.store import Item
from photochrom.service.forms import ColoringForm


class BatchForm(ColoringForm):
    """Photographs, and how all of them are to be coloured."""

    files: Annotated[
        list[UploadFile],
        Field(min_length=1, description="Photographs, zip files of photographs, or both. Folders in a zip are kept."),
    ]
    reference: Annotated[
        UploadFile | None,
        Field(description="A picture in colour, whose colours go to what is alike in meaning, such as a uniform."),
    ] = None
    keep_grey: Annotated[
        UploadFile | None,
        Field(description="A picture of the photographs' shape, white where they are to stay grey."),
    ] = None


class ItemInfo(BaseModel):
    """One photograph of a batch."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(description="Counted from 1, in the order in which they were sent.", examples=[1])
    name: str = Field(description="As it was sent, with its folders in a zip.", examples=["1923/wedding.jpg"])
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    reason: str | None = Field(description="A sentence for people: why it failed.")
    warnings: list[str] = Field(description="What its owner should know of the result.")

    @classmethod
    def of(cls, item: Item) -> ItemInfo:
        return cls(
            number=item.number,
            name=item.name,
            state=item.state.value,
            reason=item.reason,
            warnings=list(item.result.warnings) if item.result else [],
        )


class BatchState(BaseModel):
    """How a batch stands as a whole."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="Nobody can guess it; whoever has it can see the batch.")
    state: Literal["waiting", "running", "done", "cancelled"]
    total: int = Field(description="Photographs.", examples=[10])
    done: int = Field(description="Of these, coloured.", examples=[7])
    failed: int = Field(description="Of these, given up.", examples=[1])
    expires_in: float | None = Field(description="Seconds until it is deleted; null before its end.")


class BatchInfo(BatchState):
    """A batch with all its photographs."""

    items: list[ItemInfo]


class BatchProgress(BatchState):
    """The data of an event "progress"; that of "end" has no `item`."""

    item: ItemInfo | None = Field(description="The photograph that has changed; null in the first event.")
