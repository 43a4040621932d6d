"""What a finished run knows of affect, as one object that answers: `EmotionEngine`."""

from aura.affect.analysis import Affect, Analysis, Explanation
from aura.affect.engine import EmotionEngine

__all__ = ["Affect", "Analysis", "EmotionEngine", "Explanation"]
