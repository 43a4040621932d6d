"""The sequence classifier sees the past alone, whatever stands behind the end, and begins as its layers should."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import pytest
import torch

from aura import AuraError
from aura.zones.temporal import SequenceClassifier
from aura.zones.temporal.layers import positions

SMALL = {"hidden": 16, "heads": 4, "filters": 6}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def classifier(seed: int = 0, **options: object) -> SequenceClassifier:
    chance = torch.Generator().manual_seed(seed)
    return SequenceClassifier(3, 8, **{**SMALL, **options}, generator=chance).eval()  # type: ignore[arg-type]


def turns(*shape: int, seed: int = 5) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_no_turn_sees_a_later_one() -> None:
    model, one = classifier(), turns(2, 12, 8)
    other = one.clone()
    other[:, 7:] = turns(2, 5, 8, seed=6) * 100.0
    assert torch.equal(model.beliefs(one)[:, :7], model.beliefs(other)[:, :7])
    assert not torch.equal(model.beliefs(one)[:, 7], model.beliefs(other)[:, 7])


def test_no_gradient_goes_to_a_later_turn() -> None:
    model, rows = classifier().train(), turns(1, 9, 8).requires_grad_()
    model.beliefs(rows)[0, 4].sum().backward()
    assert rows.grad is not None
    assert torch.equal(rows.grad[0, 5:], torch.zeros(4, 8))
    assert (rows.grad[0, :5].abs().sum(1) > 0).all()


@pytest.mark.parametrize("filler", [0.0, 1e6])
def test_what_fills_a_sequence_up_changes_nothing(filler: float) -> None:
    model = classifier()
    lengths = torch.tensor([1, 4, 11])
    rows = torch.full((3, 20, 8), filler)
    alone = []
    for place, length in enumerate(lengths.tolist()):
        part = turns(1, length, 8, seed=place)
        rows[place, :length] = part[0]
        alone.append(model(part)[0])
    torch.testing.assert_close(model(rows, lengths), torch.stack(alone), rtol=1e-5, atol=1e-5)


def test_neighbours_in_a_batch_change_nothing() -> None:
    model, rows = classifier(), turns(6, 7, 8)
    torch.testing.assert_close(model(rows)[2:3], model(rows[2:3]), rtol=1e-5, atol=1e-5)


def test_one_pass_says_what_each_beginning_says() -> None:
    model, rows = classifier(), turns(1, 10, 8)
    each = torch.cat([model(rows[:, :length]) for length in range(1, 11)])
    torch.testing.assert_close(model.beliefs(rows)[0], each, rtol=1e-5, atol=1e-5)


def test_every_earlier_turn_may_count() -> None:
    model, rows = classifier(), turns(1, 30, 8)
    rows.requires_grad_()
    model(rows).square().sum().backward()
    assert rows.grad is not None
    assert (rows.grad[0].abs().sum(1) > 0).all()


def test_the_order_of_turns_counts() -> None:
    model, rows = classifier(), turns(1, 6, 8)
    assert not torch.allclose(model(rows), model(rows[:, [1, 0, 2, 3, 4, 5]]), atol=1e-4)


def test_positions_are_those_of_the_formula_at_any_length() -> None:
    found = positions(5000, 6)
    for place, pair in ((0, 0), (3, 1), (4999, 2)):
        angle = place / 10_000 ** (2 * pair / 6)
        assert found[place, 2 * pair].item() == pytest.approx(math.sin(angle), abs=2e-3)
        assert found[place, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=2e-3)
    assert torch.equal(positions(10, 6), found[:10])


@pytest.mark.slow
def test_it_learns_which_of_two_turns_came_first() -> None:
    chance = torch.Generator().manual_seed(3)
    model = SequenceClassifier(2, 8, **SMALL, dropout=0.0, generator=chance)
    step = torch.optim.AdamW(model.parameters(), lr=5e-3)
    first, second = turns(2, 8, seed=9)

    def block(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows, truth = 0.3 * torch.randn(count, 6, 8, generator=chance), torch.randint(2, (count,), generator=chance)
        early, late = torch.rand(count, 6, generator=chance).argsort(1)[:, :2].sort(1).values.T
        every = torch.arange(count)
        rows[every, early] += torch.where(truth[:, None] == 0, first, second)
        rows[every, late] += torch.where(truth[:, None] == 0, second, first)
        return rows, truth

    for _ in range(100):
        rows, truth = block(32)
        step.zero_grad()
        torch.nn.functional.cross_entropy(model(rows), truth).backward()
        step.step()
    rows, truth = block(200)
    assert (model.eval()(rows).argmax(1) == truth).float().mean() > 0.9


def test_layers_begin_as_xavier_and_he_say() -> None:
    model = SequenceClassifier(4, generator=torch.Generator().manual_seed(2))
    encoder = model.encoder
    for layer in (encoder.project, encoder.layers[0].widen, encoder.blocks[0].first, encoder.layers[1].attention.joint):
        outputs, inputs = layer.weight.shape
        bound = math.sqrt(6.0 / (inputs + outputs))
        assert layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3.0), rel=0.03)
        assert not layer.bias.any()
    for kernel, part in zip((3, 5, 7), encoder.convolutions, strict=True):
        assert part.convolution.weight.shape == (128, 256, kernel)
        assert part.convolution.weight.std().item() == pytest.approx(math.sqrt(2.0 / (256 * kernel)), rel=0.03)


def test_its_chance_is_its_own() -> None:
    before = torch.get_rng_state()
    model = classifier(dropout=0.5).train()
    assert model.encoder.dropout.generator is not None
    stream, rows = model.encoder.dropout.generator, turns(2, 5, 8)
    mark = stream.get_state()
    one, other = model(rows), model(rows)
    stream.set_state(mark)
    assert torch.equal(one, model(rows))
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_it_can_be_copied_and_saved() -> None:
    model, rows = classifier(), turns(2, 5, 8)
    twin = classifier(seed=1)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(rows), model(rows))
    assert torch.equal(copy.deepcopy(model)(rows), model(rows))


def test_speakers_are_told_apart() -> None:
    model, rows = classifier(speakers=2), turns(1, 4, 8)
    assert model.encoder.speakers is not None
    same = model(rows, speakers=torch.zeros(1, 4, dtype=torch.int64))
    assert torch.equal(same, model(rows, speakers=torch.ones(1, 4, dtype=torch.int64)))  # nothing is known of either
    model.encoder.speakers.data[1] = turns(16)
    assert not torch.allclose(same, model(rows, speakers=torch.tensor([[0, 1, 0, 1]])))


def test_attention_adds_up_to_one_over_what_has_come() -> None:
    model, rows = classifier(), turns(2, 6, 8)
    _, paid = model.encoder.attended(rows, torch.tensor([0, 1]), torch.tensor([5, 2]))
    torch.testing.assert_close(paid.sum(1), torch.ones(2))
    assert not paid[1, 3:].any()


@pytest.mark.parametrize("options, message", [
    ({"hidden": 15}, "hidden: expected an even multiple of the 4 heads, got 15"),
    ({"dropout": 1.0}, "dropout: expected from 0 to below 1, got 1.0"),
    ({"layers": 0}, "layers: expected 1 or more, got 0"),
    ({"kernels": (3, 0)}, r"kernels\[1\]: expected 1 or more, got 0"),
])
def test_sizes_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(AuraError, match=message):
        classifier(**options)


@pytest.mark.parametrize("shape, lengths, message", [
    ((2, 3, 7), None, r"shape \(sequences, turns, 8\), of one turn or more, got shape \(2, 3, 7\)"),
    ((2, 0, 8), None, "of one turn or more"), ((3, 8), None, r"got shape \(3, 8\)"),
    ((2, 3, 8), [0, 3], r"2 numbers from 1 to 3, got \[0, 3\]"), ((2, 3, 8), [4, 1], "from 1 to 3"),
    ((2, 3, 8), [1], "2 numbers"),
])
def test_sequences_that_do_not_fit_are_refused(shape: tuple[int, ...], lengths: list[int] | None, message: str) -> None:
    with pytest.raises(AuraError, match=message):
        classifier()(turns(*shape), None if lengths is None else torch.tensor(lengths))
