"""What the metrics that show a mixture have left, as models; what does not fit together is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from aura.core.time import Time

__all__ = ["ByTable", "ByValue", "ClassFall", "ComponentRow", "CrossTable", "Forgetting", "GrowthEvent", "OneSided"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class _Read(BaseModel):
    """All its numbers are finite; a newer run may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ComponentRow(_Read):
    """What one component was in a phase."""

    name: str
    count: int
    mean: float
    least: float
    largest: float
    last: float


class OneSided(_Read):
    """The component that has nearly all, and its share."""

    name: str
    share: Share


class ByValue(_Read):
    """The items of one value, and how many of them were right."""

    name: str
    items: PositiveInt
    accuracy: Share


class ByTable(_Read):
    """Items and accuracy by the values of a topic."""

    topic: str
    values: tuple[ByValue, ...] = ()


class CrossTable(_Read):
    """Items and accuracy by the values of two topics; None where there is no item."""

    topics: tuple[str, str]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    items: tuple[tuple[NonNegativeInt, ...], ...]
    accuracy: tuple[tuple[Share | None, ...], ...]

    @model_validator(mode="after")
    def _fits(self) -> CrossTable:
        for table in (self.items, self.accuracy):
            if len(table) != len(self.rows) or any(len(row) != len(self.columns) for row in table):
                raise ValueError(f"expected tables of {len(self.rows)} rows and {len(self.columns)} columns")
        return self


class ClassFall(_Read):
    """Held-out accuracy of one class by phase, and how far it fell from its best."""

    label: str
    accuracy: dict[str, Share] = {}
    best: Share | None = None
    last: Share
    forgetting: float | None = None


class Forgetting(_Read):
    """Forgetting of all classes, and of each."""

    mean: float | None = None
    phases: tuple[str, ...] = ()
    per_class: tuple[ClassFall, ...] = ()


class GrowthEvent(_Read):
    """One event of growth."""

    time: Time
    items: int
    action: Literal["grow", "prune", "revive", "freeze", "thaw"]
    expert: str
    kind: str = ""
    parents: tuple[str, ...] = ()
    start: str = ""
    reason: str = ""
    group: int = 0
