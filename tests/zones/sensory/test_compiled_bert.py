"""BERT on compiled kernels: the same but for rounding as on torch, and each text by itself."""

from __future__ import annotations

from math import erf, exp
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aura.core.errors import DataError
from aura.zones.sensory.bert import Bert, parts_of
from aura.zones.sensory.bert_kernels import _exp, _gelu
from aura.zones.sensory.compiled_bert import CompiledBert
from aura.zones.sensory.tiles import runs_here
from aura.zones.sensory.weights import lean_settings

pytestmark = pytest.mark.skipif(not runs_here(), reason="the kernels need AVX2 and a fused multiply-add")


@pytest.fixture(scope="module")
def tensors(tiny_bert: Path) -> dict[str, torch.Tensor]:
    return load_file(tiny_bert / "model.safetensors")


def texts(count: int, longest: int, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(4, 80, rng.integers(1, longest + 1)).tolist() for _ in range(count)]


def test_gelu_is_right_to_two_ten_millionths() -> None:
    x = np.linspace(-12, 12, 20_001).astype(np.float32)
    found = x.copy()
    _gelu(found)
    exact = np.array([0.5 * value * (1 + erf(value / 2**0.5)) for value in x.tolist()])
    assert np.max(np.abs(found - exact) / np.maximum(1, np.abs(x))) < 2e-7


def test_the_exponential_is_right_to_float32() -> None:
    x = np.linspace(-86, 0, 10_001).astype(np.float32)
    found = np.array([_exp(value) for value in x], np.float64)
    np.testing.assert_allclose(found, [exp(value) for value in x.tolist()], rtol=3e-7)
    assert 0 < _exp(np.float32(-1e30)) < 1e-37


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("normalise", [True, False])
def test_the_embeddings_are_those_of_torch_but_for_rounding(tensors: dict[str, torch.Tensor], tiny_bert: Path,
                                                            normalise: bool, threads: int) -> None:
    settings = {**(lean_settings(tiny_bert) or {}), "normalise": normalise}
    compiled, plain = CompiledBert(tensors, settings), Bert(tensors, settings)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        for count, longest in ((1, 1), (1, 40), (7, 3), (60, 40)):
            some = texts(count, longest, seed=count)
            np.testing.assert_allclose(compiled.embeddings(some), plain.embeddings(some), atol=2e-6)
        assert compiled.embeddings([]).shape == (0, 16)
    finally:
        torch.set_num_threads(before)


def test_a_text_has_the_same_bits_alone_and_in_any_company(tensors: dict[str, torch.Tensor], tiny_bert: Path) -> None:
    bert = CompiledBert(tensors, lean_settings(tiny_bert) or {})
    some = texts(50, 40, seed=3)
    alone = np.concatenate([bert.embeddings([text]) for text in some])
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            np.testing.assert_array_equal(bert.embeddings(some), alone)
            np.testing.assert_array_equal(bert.embeddings(some[::-3]), alone[::-3])
    finally:
        torch.set_num_threads(before)


def test_weights_that_move_afterwards_move_no_embedding(tensors: dict[str, torch.Tensor], tiny_bert: Path) -> None:
    own = {name: tensor.clone() for name, tensor in tensors.items()}
    bert = CompiledBert(own, lean_settings(tiny_bert) or {})
    before = bert.embeddings([[5, 6, 7]])
    for tensor in own.values():
        tensor.fill_(1)
    np.testing.assert_array_equal(bert.embeddings([[5, 6, 7]]), before)


def test_a_missing_tensor_is_named(tensors: dict[str, torch.Tensor], tiny_bert: Path) -> None:
    name = "encoder.layer.1.output.dense.bias"
    rest = {key: tensor for key, tensor in tensors.items() if key != name}
    for kind in (CompiledBert, Bert):
        with pytest.raises(DataError, match=f"expected the tensor {name}"):
            kind(rest, lean_settings(tiny_bert) or {})


def test_parts_share_the_work_and_lose_no_text() -> None:
    some = texts(33, 20, seed=4)
    for rows, least in ((50, 1), (10_000, 1), (10_000, 4), (1, 2)):
        parts = parts_of(some, rows, least=least)
        assert sorted(place for part in parts for place in part) == list(range(33))
        assert len(parts) >= min(least, 33)
        lengths = [[len(some[place]) for place in part] for part in parts]
        assert all(part == sorted(part) for part in lengths)
        assert max(map(sum, lengths)) - min(map(sum, lengths)) <= 20
    assert parts_of([]) == []
