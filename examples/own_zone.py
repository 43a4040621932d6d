"""A zone of one's own, built into a brain in a few lines and stepped by hand."""

import numpy as np

from aura import Brain, Manifest, Port, Zone, ZoneParams


class SurpriseParams(ZoneParams):
    rate: float = 0.1


class Surprise(Zone[SurpriseParams]):
    """Predicts the next value as a running mean, and says how far off it was."""

    manifest = Manifest(
        "surprise", "", "How far a value is from its running mean.", params=SurpriseParams,
        inputs=(Port("value", shape=(1,), doc="The value to predict."),),
        outputs=(Port("surprise", shape=(1,), doc="Value minus prediction."),), wake_on=("value",))

    def __init__(self, context):
        super().__init__(context)
        self.mean = np.zeros(1, np.float32)

    def step(self, now, inputs):
        return {"surprise": inputs["value"] - self.mean}

    def learn(self, now, inputs):
        self.mean = self.mean + np.float32(self.params.rate) * (inputs["value"] - self.mean)
        return {"mean": float(self.mean[0])}

    def state(self):
        return {"mean": self.mean}

    def load_state(self, state):
        self.mean = state["mean"]


class Heart(Zone[ZoneParams]):
    """Beats every 100 ms, a little unevenly."""

    manifest = Manifest("heart", "", outputs=(Port("beat", shape=(1,)),), period="100 ms")

    def step(self, now, inputs):
        return {"beat": (1.0 + 0.1 * self.rng.standard_normal(1)).astype(np.float32)}


with Brain(seed=7) as brain:
    brain.add(Heart)
    brain.add(Surprise, rate=0.3)
    brain.connect("heart.beat", "surprise.value", delay="5 ms")
    print(brain.schedule())

    probe = brain.probe("surprise.surprise")
    brain.run(until="1 s")
    print("\nsurprise, first and last:", *(f"{value[0]:.2f}" for value in (probe.values[0], probe.values[-1])))

    brain.learning = False
    brain.inject("surprise.value", np.array([9.0], np.float32))
    brain.run(span="2 ms")
    print("at a value from outside:", f"{brain.read('surprise.surprise')[0]:.1f}")
