"""Exceptions in one line."""

from pydantic import BaseModel, Field, ValidationError, model_validator

from aura.core.blame import described


class Pair(BaseModel):
    first: int = 0
    second: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Pair":
        if self.first > self.second:
            raise ValueError("expected first below second")
        return self


def message(**values: int) -> str:
    try:
        Pair(**values)
    except ValidationError as error:
        return described(error)
    return ""


def test_what_a_model_refuses_is_told_without_its_page_of_text() -> None:
    assert message(first=2, second=1) == "ValidationError: expected first below second"
    assert message(second=-1) == "ValidationError: second: Input should be greater than or equal to 0"
