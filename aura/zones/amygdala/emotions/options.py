"""The task kind `emotions`: the emotions of a taxonomy, each from its prototype until data speak of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from aura.core.errors import AuraError
from aura.core.paths import path_text, paths_of
from aura.core.ports import Port
from aura.zones.amygdala.emotions.taxonomy import OWN, Taxonomy, load_taxonomy
from aura.zones.amygdala.tasks.task import ITEMS, TaskOptions

__all__ = ["SEED", "EmotionOptions", "TaxonomyName"]

SEED = "(seed)"
"""The tag beside an emotion that says that the text is a seed of the taxonomy, and no data."""


def _taxonomy(text: Any, info: ValidationInfo) -> Any:
    """Return the name of AURA's own taxonomy, or the path of a file, which is read to be checked."""
    if not isinstance(text, str):
        return text
    if str(text) == OWN:
        return OWN
    paths = paths_of(info)
    found = path_text(text) if paths is None else paths.input(path_text(text))
    try:
        load_taxonomy(found)
    except AuraError as error:
        raise ValueError(str(error)) from None
    return found


TaxonomyName = Annotated[str, BeforeValidator(_taxonomy)]
"""``"emotions-40"``, or the path of a taxonomy file."""


class EmotionOptions(TaskOptions):
    """One of the emotions of a taxonomy, from prototypes that data override."""

    changeable = ("trust", "on_unknown")

    kind: Literal["emotions"] = Field(
        default="emotions", description="One of the emotions of a taxonomy, from prototypes that data override.")
    taxonomy: TaxonomyName = Field(
        default=OWN, description="The emotions: `emotions-40`, or a file of the same form.")
    trust: float = Field(
        default=0.1, ge=0, le=1,
        description="How far data override the prototypes of the emotions that they label: 0 not at all, 1 as far as "
                    "they can. Measured for both kinds of text: more for texts like the data, less for others.")
    half_trusted: float = Field(
        default=20.0, ge=0,
        description="Items with an emotion at which half of that trust has been earned; each emotion earns its own.")
    on_unknown: Literal["stop", "skip"] = Field(
        default="stop",
        description="What a label that is no class does to a task that is not open: end the run with an error, or be "
                    "left out and counted.")

    @property
    def emotions(self) -> Taxonomy:
        """The taxonomy."""
        return load_taxonomy(self.taxonomy)

    def teacher(self, name: str) -> Port:
        return Port(f"{name}_teacher", dtype="tags", shape=("item",), role="label", keep="all", required=False,
                    doc="The emotions of items seen before, or labels that count as them; seeds of the taxonomy with "
                        f"the tag {SEED}.")

    def outputs(self, name: str) -> tuple[Port, ...]:
        scores = ("item", len(self.emotions.names))
        return (
            Port(name, dtype="tags", shape=("item",), items_from=ITEMS, doc="The likeliest emotion."),
            Port(f"{name}_best", dtype="text", shape=("item",), items_from=ITEMS, doc="The same, as a text."),
            Port(f"{name}_scores", shape=scores, items_from=ITEMS, doc="The log probability of each emotion."),
            Port(f"{name}_probability", shape=scores, range=(0.0, 1.0), items_from=ITEMS,
                 doc="The probability of each emotion."),
            Port(f"{name}_confidence", shape=("item",), range=(0.0, 1.0), items_from=ITEMS,
                 doc="The probability that the likeliest emotion is a true one, as far as data tell."),
            Port(f"{name}_novelty", shape=("item",), range=(0.0, 1.0), items_from=ITEMS,
                 doc="How far the stimulus is from all that was learned: 0 at the mean of an emotion, one half as far "
                     "as new ones usually are, 1 where nothing is known."),
            Port(f"{name}_classes", dtype="text", shape=("class",), doc="The emotions in their order, said at first."),
            Port(f"{name}_trained", dtype="int64", shape=("class",),
                 doc="How many items of data each emotion has been learned from, said when it has changed and learning "
                     "is off, and at first."),
        )

    def followed(self, name: str) -> tuple[str, int] | None:
        return f"{name}_probability", len(self.emotions.names)
