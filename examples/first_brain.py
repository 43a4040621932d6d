"""A brain that reads: sentences in, feelings out, learning one sentence at a time."""

import aura

SENTENCES = [
    ("I won the race and I am still smiling.", "joy"),
    ("I miss my old dog every evening.", "sadness"),
    ("I cannot stop laughing, what a lovely day.", "joy"),
    ("I cried when the house was sold.", "sadness"),
    ("I danced all the way home.", "joy"),
    ("I have felt empty since she left.", "sadness"),
] * 3

with aura.Brain(seed=1) as brain:
    rows = [{"text": text, "feeling": (feeling,)} for text, feeling in SENTENCES]
    brain.add(aura.stream(rows, period="20 ms"), "diary")
    brain.add(aura.zone("sensory"))
    brain.add(aura.zone("amygdala"), tasks={"emotion": {"kind": "choice"}})
    brain.connect("diary.text", "sensory.text")
    brain.connect("sensory.embedding", "amygdala.embedding")
    brain.connect("diary.feeling", "amygdala.emotion_teacher")  # arrives after the prediction, by itself
    brain.run()

    brain.learning = False
    for text in ("I am so happy today.", "I am crying again."):
        brain.inject("sensory.text", (text,))
        brain.run(span="10 ms")
        print(text, "->", brain.read("amygdala.emotion_best")[0])
