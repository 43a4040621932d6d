"""What an amygdala would say of one item, and what lies behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.zones.amygdala.learners.learner import Learner
from aura.zones.amygdala.tasks.task import AnyTask, HeadTask, Task
from aura.zones.common.least_squares import with_bias

__all__ = ["explained"]


def explained(learner: Learner | None, tasks: Mapping[str, AnyTask], row: NDArray[np.float32],
              text: str) -> dict[str, Any]:
    """Return what `Amygdala.explain` does, for a row (1, features) and its text."""
    found = {} if learner is None else learner.explain(row, [text])
    out: dict[str, Any] = {"tasks": {}}
    for name, task in tasks.items():
        parts: Mapping[str, list[Any]] = {}
        if isinstance(task, HeadTask):
            out["tasks"][name] = task.named(found["scores"][name])[0]
            parts = {expert: task.named(scores) for expert, scores in found.get("experts", {}).get(name, {}).items()}
        elif isinstance(task, Task):
            predicted, parts = task.explain(with_bias(row))
            if predicted:
                out["tasks"][name] = predicted[0]
        for part, values in parts.items():
            out.setdefault("experts", {}).setdefault(part, {})[name] = values[0]
    return out | {key: found[key][0] for key in ("routing", "attention") if key in found}
