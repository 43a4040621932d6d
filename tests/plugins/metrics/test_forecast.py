from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge

from aura import AuraError, Signal
from aura.core.signals import again
from aura.core.state import read_tree, trees_equal, write_tree
from aura.plugins.metrics.forecast import Forecast, ForecastOptions

CONTEXT, CUT = 3, 1000


@pytest.fixture(scope="module")
def frames():
    """Real frames, with a memory: sums of neighbouring digits."""
    digits = load_digits().data[:1500, 20:40]
    return digits[:-2] + digits[1:-1] + digits[2:]


@pytest.fixture(scope="module")
def predictions(frames):
    """Some prediction of the frame after each, better than none and not perfect."""
    return np.vstack([frames[1:], frames[-1:]]) * 0.5 + frames.mean(axis=0) * 0.5


def metric(**more):
    options = ForecastOptions(frames="ear.frame", prediction="fabric.prediction", context=CONTEXT, **more)
    return Forecast("next", options)


def feed(watcher, frames, predictions, start=0, block=1, late=0):
    """Show frames and predictions, a block a tick; predictions come `late` ticks after their frames."""
    ticks = range(0, len(frames), block)
    for tick in [*ticks, *(ticks[-1] + block * (1 + extra) for extra in range(late))]:
        now = start + tick
        if tick < len(frames):
            watcher.on_signal(Signal("ear.frame", now, frames[tick:tick + block], None))
        if 0 <= tick - late * block < len(frames):
            part = slice(tick - late * block, tick - late * block + block)
            watcher.on_signal(Signal("fabric.prediction", now, predictions[part], None))
        watcher.after_tick(now)


@pytest.mark.slow
def test_frames_that_were_learned_before_are_told_apart_and_not_fitted_again(frames, predictions):
    whole, once = metric(), metric()
    for watcher, passes in ((whole, 2), (once, 1)):
        watcher.on_phase("learn", True, 0)
        for number in range(passes):
            ids = np.arange(CUT) if not number else again(np.arange(CUT, 2 * CUT))
            watcher.on_signal(Signal("ear.frame", number, frames[:CUT], ids))
            watcher.on_signal(Signal("fabric.prediction", number, predictions[:CUT], ids))
            watcher.after_tick(number)
        watcher.on_phase("held-out", False, 2)
        feed(watcher, frames[CUT:], predictions[CUT:], 10)
    found, expected = whole.results()["phases"], once.results()["phases"]
    assert {name: (one["how"], one["items"]) for name, one in found.items()} == {
        "learn": ("prequential", CUT - 1), "learn, seen before": ("seen before", CUT),
        "held-out": ("held-out", len(frames) - CUT - 1)}
    assert (found["learn"], found["held-out"]) == (expected["learn"], expected["held-out"])


@pytest.mark.parametrize("block, late", [(1, 0), (7, 0), (1, 2)])
def test_errors_are_those_of_the_frames_that_followed_and_of_batch_ridge(frames, predictions, block, late):
    watcher = metric(penalty=2.0)
    watcher.on_phase("learn", True, 0)
    feed(watcher, frames[:CUT], predictions[:CUT], 0, block, late)
    watcher.on_phase("held-out", False, CUT)
    feed(watcher, frames[CUT:], predictions[CUT:], CUT, block, late)
    learned, held = (watcher.results()["phases"][phase]["summary"] for phase in ("learn", "held-out"))
    assert learned["prediction_mse"] == pytest.approx(((predictions[:CUT - 1] - frames[1:CUT]) ** 2).mean())
    assert "autoregression_mse" not in learned

    def rows(part):
        return np.hstack([part[CONTEXT - 1 - back:len(part) - 1 - back] for back in range(CONTEXT)]), part[CONTEXT:]

    ridge = Ridge(alpha=2.0).fit(*rows(frames[:CUT]))
    x, y = rows(frames[CUT:])
    assert held["persistence_mse"] == pytest.approx(((frames[CUT:-1] - frames[CUT + 1:]) ** 2).mean())
    # The intercept is not penalised, as with scikit-learn; the rest is the same problem.
    assert held["autoregression_mse"] == pytest.approx(((ridge.predict(x) - y) ** 2).mean(), rel=1e-6)
    assert held["of_autoregression"] == pytest.approx(held["prediction_mse"] / held["autoregression_mse"])
    assert watcher.results()["phases"]["held-out"]["items"] == len(frames) - CUT - 1


def test_frames_of_two_phases_are_not_held_against_each_other(frames, predictions):
    watcher = metric()
    for phase in range(3):
        watcher.on_phase(f"p{phase}", True, phase)
        feed(watcher, frames[:1], predictions[:1], phase)
    assert watcher.results()["phases"] == {}


def test_a_resumed_metric_says_the_same_to_the_bit(frames, predictions, tmp_path):
    whole, first, second = metric(), metric(), metric()
    feed(whole, frames[:300], predictions[:300])
    feed(first, frames[:140], predictions[:140])
    write_tree(tmp_path / "metric.safetensors", first.state(), "next")
    second.load_state(read_tree(tmp_path / "metric.safetensors", "next"))
    feed(second, frames[140:300], predictions[140:300], 140)
    assert second.results() == whole.results()
    assert trees_equal(second.state(), whole.state())


def test_predictions_of_another_length_are_refused(frames):
    with pytest.raises(AuraError, match="expected predictions of 20 numbers, as frames have, got 3"):
        feed(metric(), frames[:5], np.zeros((5, 3)))
