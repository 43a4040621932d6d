"""Random morphologies for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from aura.zones.fabric.morphology.section import Section
from aura.zones.fabric.morphology.tree import Morphology

STEPS_UM = st.integers(0, 80).map(lambda quarters: quarters / 4.0)
DIAMETERS_UM = st.integers(1, 80).map(lambda eighths: eighths / 8.0)
POSITIONS = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0))


@st.composite
def profiles(draw: st.DrawFn) -> np.ndarray:
    """Points of a section: tapers, steps in diameter, and a positive length."""
    steps = draw(st.lists(STEPS_UM, min_size=1, max_size=6).filter(lambda found: sum(found) > 0))
    diameters = draw(st.lists(DIAMETERS_UM, min_size=len(steps) + 1, max_size=len(steps) + 1))
    return np.column_stack([np.concatenate([[0.0], np.cumsum(steps)]), diameters])


@st.composite
def morphologies(draw: st.DrawFn, most_sections: int = 8) -> Morphology:
    """Trees whose sections are joined anywhere: at starts, at ends, and in between."""
    sections: list[Section] = []
    for index in range(draw(st.integers(1, most_sections))):
        parent = draw(st.integers(0, index - 1)) if index else -1
        kind = draw(st.sampled_from(["axon", "basal", "apical", "dendrite"])) if index else "soma"
        sections.append(Section(f"{kind}{index}", kind, parent, draw(POSITIONS) if index else 0.0, draw(profiles()),
                                draw(st.integers(1, 7))))
    return Morphology(tuple(sections))
