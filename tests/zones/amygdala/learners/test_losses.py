"""The losses of a network against torch's own and against its automatic derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from aura.zones.amygdala.learners.network_options import NetworkOptions  # noqa: E402
from aura.zones.common.losses import class_weights, loss_and_slope  # noqa: E402

RNG = np.random.default_rng(0)
SCORES = torch.tensor(RNG.normal(scale=2.0, size=(6, 4)))
TARGETS = {"labels": torch.tensor((RNG.random((6, 4)) < 0.4).astype(float)),
           "choice": torch.eye(4, dtype=torch.float64)[RNG.integers(4, size=6)],
           "numbers": torch.tensor(RNG.normal(size=(6, 4)))}
WEIGHTS = torch.tensor([1.0, 3.0, 0.5, 7.0], dtype=torch.float64)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"focal": 2.0},
                                     {"focal": 1.5, "label_smoothing": 0.1}],
                         ids=["plain", "smooth", "focal", "both"])
@pytest.mark.parametrize("target_type", TARGETS)
def test_the_slope_is_the_derivative_of_the_loss(target_type: Any, options: dict[str, float], weights: Any) -> None:
    scores = SCORES.clone().requires_grad_()
    loss, slope = loss_and_slope(target_type, scores, TARGETS[target_type], weights, NetworkOptions(**options))
    loss.sum().backward()
    assert torch.allclose(scores.grad, slope.detach(), atol=1e-10)


def test_plain_losses_are_those_of_torch() -> None:
    options = NetworkOptions()
    bce, _ = loss_and_slope("labels", SCORES, TARGETS["labels"], WEIGHTS, options)
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(SCORES, TARGETS["labels"], reduction="none",
                                                                  pos_weight=WEIGHTS).sum(1)
    assert torch.allclose(bce, wanted)
    smooth = NetworkOptions(label_smoothing=0.2)
    ce, _ = loss_and_slope("choice", SCORES, TARGETS["choice"], None, smooth)
    wanted = torch.nn.functional.cross_entropy(SCORES, TARGETS["choice"].argmax(1), reduction="none",
                                               label_smoothing=0.2)
    assert torch.allclose(ce, wanted)


def test_focus_makes_easy_items_count_less() -> None:
    easy, hard = torch.tensor([[6.0, 0.0]]), torch.tensor([[0.0, 6.0]])
    target = torch.tensor([[1.0, 0.0]])
    shares = []
    for focal in (0.0, 2.0):
        options = NetworkOptions(focal=focal)
        shares.append(float(loss_and_slope("choice", easy, target, None, options)[0]
                            / loss_and_slope("choice", hard, target, None, options)[0]))
    assert shares[1] < 1e-3 * shares[0]


@pytest.mark.parametrize("scores", [torch.full((1, 3), 200.0), torch.full((1, 3), -200.0),
                                    torch.tensor([[300.0, -300.0, 0.0]])])
@pytest.mark.parametrize("target_type", ["labels", "choice"])
@pytest.mark.parametrize("focal", [0.0, 0.5, 2.0])
def test_scores_beyond_all_bounds_stay_finite(target_type: Any, scores: Any, focal: float) -> None:
    for target in torch.eye(3):
        loss, slope = loss_and_slope(target_type, scores, target[None], None, NetworkOptions(focal=focal))
        assert torch.isfinite(loss).all()
        assert torch.isfinite(slope).all()


@pytest.mark.parametrize(("kind", "exclusive", "expected"), [
    ("balanced", True, [100 / (3 * 60), 100 / (3 * 30), 100 / (3 * 10), 100 / 3]),
    ("balanced", False, [40 / 60, 70 / 30, 90 / 10, 99.0]),
    ("sqrt", False, [(40 / 60) ** 0.5, (70 / 30) ** 0.5, 3.0, 99 ** 0.5]),
])
def test_rare_classes_weigh_by_the_inverse_of_their_frequency(kind: Any, exclusive: bool,
                                                              expected: list[float]) -> None:
    counts = np.array([60.0, 30.0, 10.0, 0.0])
    found = class_weights(NetworkOptions(class_weights=kind), counts, 100.0, exclusive=exclusive)
    assert found == pytest.approx(expected)


def test_the_effective_number_lies_between_alike_and_the_inverse_frequency() -> None:
    counts = np.array([9000.0, 90.0, 9.0])
    found = class_weights(NetworkOptions(class_weights="effective", effective_beta=0.999), counts, 1e4, exclusive=True)
    assert found is not None
    assert found.mean() == pytest.approx(1.0)
    number = (1 - 0.999 ** counts) / (1 - 0.999)
    assert found[2] / found[0] == pytest.approx(number[0] / number[2])
    assert 1 < found[2] / found[0] < 1000
    assert class_weights(NetworkOptions(), counts, 1e4, exclusive=True) is None
