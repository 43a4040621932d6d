"""What an amygdala would say of one item, and what lies behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.zones.amygdala.learners.learner import Learner
from aura.zones.amygdala.tasks.task import AnyTask, HeadTask

__all__ = ["explained"]


def explained(learner: Learner, tasks: Mapping[str, AnyTask], row: NDArray[np.float32], text: str) -> dict[str, Any]:
    """Return what `Amygdala.explain` does, for a row (1, features) and its text."""
    found = learner.explain(row, [text])
    heads = {name: task for name, task in tasks.items() if isinstance(task, HeadTask)}
    out: dict[str, Any] = {"tasks": {name: task.named(found["scores"][name])[0] for name, task in heads.items()}}
    if "experts" in found:
        experts = dict.fromkeys(expert for each in found["experts"].values() for expert in each)
        out["experts"] = {expert: {name: task.named(found["experts"][name][expert])[0] for name, task in heads.items()}
                          for expert in experts}
    return out | {key: found[key][0] for key in ("routing", "attention") if key in found}
