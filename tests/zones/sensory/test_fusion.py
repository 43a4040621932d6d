"""Modalities fused into one vector an item."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.zones.sensory.fusion import Fusion, Part, Projection
from aura.zones.sensory.params import FusionOptions

SIZES = {"text": 50, "image": 12, "audio": 90}


def fusion(width=64, weights=None, seed=1, sizes=SIZES):
    return Fusion(FusionOptions(width=width, weights=weights or {}), sizes, np.random.default_rng(seed))


def tokens(name, items, seed=0):
    return np.random.default_rng([seed, len(name)]).normal(1, 2, (items, SIZES[name])).astype(np.float32)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5))
def test_the_projection_is_hartleys_matrix_with_signs_and_orthonormal(features, width, seed):
    keep = Projection(features, width, seed)
    matrix = keep.project(np.eye(features))
    gram = matrix @ matrix.T if features <= width else matrix.T @ matrix * width / features
    np.testing.assert_allclose(gram, np.eye(min(features, width)), atol=2e-6)
    length = max(features, width)
    angle = 2 * np.pi * np.outer(np.arange(features), keep._rows) / length
    np.testing.assert_allclose(matrix, keep._signs[:, None] * (np.cos(angle) + np.sin(angle)), atol=2e-6)


def test_the_context_is_the_weighted_sum_of_its_definition():
    fused = fusion(weights={"image": 3.0})
    text, image = tokens("text", 4), tokens("image", 4)
    context, _ = fused.fuse([Part("text", text, None), Part("image", image, None)])
    total = np.zeros((4, 64))
    for name, rows, weight in (("text", text, 1.0), ("image", image, 3.0)):
        for item, row in enumerate(rows.astype(float)):
            normed = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
            z = normed / np.sqrt(len(row))
            total[item] += weight * (fused._projections[name].project(np.eye(len(row))).T @ z)
    assert context.dtype == np.float32
    np.testing.assert_allclose(context, total / np.sqrt(10.0), atol=1e-6)


def test_whatever_an_item_has_its_context_is_about_as_long():
    fused = fusion(width=512)
    rows = {name: tokens(name, 200) for name in SIZES}
    for names in (["text"], ["audio"], ["image", "audio"], ["text", "image", "audio"]):
        context, _ = fused.fuse([Part(name, rows[name], None) for name in names])
        length = np.linalg.norm(context, axis=1)
        assert length.mean() == pytest.approx(1, abs=0.02)
        assert length.std() < 0.1


def test_each_modality_can_be_read_out_of_the_sum():
    fused = fusion(width=512)
    rows = {name: tokens(name, 20) for name in SIZES}
    together, _ = fused.fuse([Part(name, part, None) for name, part in rows.items()])
    for name, part in rows.items():
        alone, _ = fused.fuse([Part(name, part, None)])
        assert (np.argmax(together @ alone.T, axis=1) == np.arange(20)).all()


def test_items_meet_by_id_and_a_missing_modality_is_left_out():
    fused = fusion()
    text, image = tokens("text", 3), tokens("image", 3)
    context, ids = fused.fuse([Part("text", text, np.array([5, 6, 7])), Part("image", image, np.array([7, 9, 5]))])
    assert ids.tolist() == [5, 6, 7, 9]
    both, _ = fused.fuse([Part("text", text[[0, 2]], None), Part("image", image[[2, 0]], None)])
    np.testing.assert_array_equal(context[[0, 2]], both)
    np.testing.assert_array_equal(context[[1]], fused.fuse([Part("text", text[[1]], None)])[0])
    np.testing.assert_array_equal(context[[3]], fused.fuse([Part("image", image[[1]], None)])[0])


def test_several_rows_of_one_item_are_averaged():
    fused = fusion()
    audio = tokens("audio", 4)
    context, ids = fused.fuse([Part("audio", audio, np.array([2, 1, 2, 2]))])
    assert ids.tolist() == [2, 1]
    mean = audio[[0, 2, 3]].astype(np.float64).mean(axis=0)[None]
    np.testing.assert_allclose(context[:1], fused.fuse([Part("audio", mean, None)])[0], atol=1e-6)
    np.testing.assert_array_equal(context[1:], fused.fuse([Part("audio", audio[1:2], None)])[0])


@pytest.mark.slow
@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 9))
def test_an_items_context_does_not_depend_on_its_neighbours(items, seed):
    fused = FUSED
    parts = [Part(name, tokens(name, items, seed), np.arange(items)) for name in SIZES]
    together, _ = fused.fuse(parts)
    for item in range(0, items, 3):
        alone, _ = fused.fuse([Part(part.modality, part.pooled[[item]], part.ids[[item]]) for part in parts])
        np.testing.assert_array_equal(alone[0], together[item])


FUSED = fusion()


def test_an_item_that_is_the_same_throughout_has_no_direction():
    context, _ = fusion().fuse([Part("image", np.full((2, 12), 3.0), None)])
    assert not context.any()


def test_without_ids_items_meet_by_place_and_must_be_equally_many():
    fused = fusion()
    ids = np.array([3, 3])
    _, found = fused.fuse([Part("text", tokens("text", 2), None), Part("image", tokens("image", 2), ids)])
    assert found.tolist() == [3, 3]
    with pytest.raises(SignalError, match=r"here at 20 ms: expected items with ids, .* got 2 of text, 3 of image"):
        fused.fuse([Part("text", tokens("text", 2), None), Part("image", tokens("image", 3), None)], "here", 20_000_000)


def test_no_items_give_no_contexts():
    context, ids = fusion().fuse([Part("text", tokens("text", 0), np.empty(0, np.int64))])
    assert (context.shape, ids.shape) == ((0, 64), (0,))


def test_the_projections_follow_from_the_seed_and_not_from_what_else_is_wired():
    image = tokens("image", 2)
    one, _ = fusion().fuse([Part("image", image, None)])
    np.testing.assert_array_equal(fusion(sizes={"image": 12}).fuse([Part("image", image, None)])[0], one)
    other = fusion(seed=2)
    assert not np.allclose(other.fuse([Part("image", image, None)])[0], one)
    other.load_state(fusion().state())
    np.testing.assert_array_equal(other.fuse([Part("image", image, None)])[0], one)
