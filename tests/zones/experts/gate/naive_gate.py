"""The obvious slow twins of the gate's kernels: float64, one item and one expert after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from aura.zones.common.phasor import PhasorBank
from aura.zones.common.spiking_attention import SpikingAttention
from aura.zones.experts.gate.gate_features import CLIP, HIGHEST_FREQUENCY, LOWEST_FREQUENCY, QUALITY
from aura.zones.experts.params import GateParams, MeritParams

__all__ = ["NaiveBoard", "NaiveFeatures", "balanced", "descended", "moments", "probability", "routed"]


class NaiveFeatures:
    """Gate features of one item after the other, with given moments."""

    def __init__(self, params: GateParams, projection: np.ndarray) -> None:
        self.projection = projection.astype(float)
        winners = round(params.attention_winners * params.features)
        self.attention = SpikingAttention(params.features, max(winners, 1)) if params.attention_winners else None
        self.bank = None
        if params.resonators:
            self.bank = PhasorBank(params.resonators, LOWEST_FREQUENCY, HIGHEST_FREQUENCY, quality=QUALITY)

    def sense(self, row: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
        scaled = np.clip((self.projection @ row.astype(float) - mean) / spread, -CLIP, CLIP)
        gains, amplitudes = np.ones(len(scaled)), np.empty(0)
        if self.attention is not None:
            gains = self.attention.step(scaled[None].astype(np.float32))[0]
        if self.bank is not None:
            drive = np.resize(scaled, len(self.bank))
            amplitudes = self.bank.step(drive[None].astype(np.float32))[0]
        return np.clip(np.concatenate([[1.0], gains * scaled, amplitudes]), -CLIP, CLIP)


def moments(projection: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population variance of all projections at once."""
    z = rows.astype(float) @ projection.astype(float).T
    return z.mean(axis=0), z.var(axis=0)


def probability(logits: np.ndarray, active: np.ndarray, temperature: float, groups: np.ndarray | None,
                group_temperature: float) -> np.ndarray:
    """The softmax over active experts, flat or by groups."""
    out = np.zeros(len(logits))
    if groups is None:
        groups = np.zeros(len(logits), int)
    names = sorted({int(g) for g, a in zip(groups, active, strict=True) if a})
    tops, inner = {}, {}
    for name in names:
        members = [e for e in range(len(logits)) if active[e] and groups[e] == name]
        tops[name] = sum(math.exp((logits[e] - max(logits)) / group_temperature) for e in members) / len(members)
        inner[name] = {e: math.exp((logits[e] - max(logits)) / temperature) for e in members}
    for name in names:
        for e, mass in inner[name].items():
            out[e] = tops[name] / sum(tops.values()) * mass / sum(inner[name].values())
    return out


def routed(logits: np.ndarray, active: np.ndarray, params: GateParams, temperature: float, groups: np.ndarray,
           shared: int, balance: np.ndarray) -> tuple[list[int], list[float], float, np.ndarray]:
    """Chosen experts, their weights, the entropy and all probabilities of one item."""
    full = probability(logits, active, temperature, groups if params.hierarchical else None,
                       params.group_temperature * temperature / params.temperature)
    experts = [e for e in range(len(logits)) if active[e]]
    if not experts:
        return [], [], 0.0, full
    first = [e for e in experts if e < shared]
    rest = sorted((e for e in experts if e >= shared), key=lambda e: (-(math.log(full[e]) + balance[e]), e))
    chosen = first + rest[:params.k]
    total = sum(full[e] for e in chosen)
    weights = [full[e] / total for e in chosen]
    entropy = -sum(full[e] * math.log(full[e]) for e in experts) / math.log(len(experts)) if len(experts) > 1 else 0.0
    if params.permute:
        following = dict(zip(experts, experts[1:] + experts[:1], strict=True))
        chosen = [following[e] for e in chosen]
        moved = np.zeros_like(full)
        for e in experts:
            moved[following[e]] = full[e]
        full = moved
    return chosen, weights, entropy, full


def descended(softmax: np.ndarray, utility: np.ndarray, h: np.ndarray, chosen: np.ndarray, weights: np.ndarray,
              responsibilities: np.ndarray, utilities: np.ndarray, params: GateParams, rate: float,
              temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Both heads after items in order."""
    softmax, utility = softmax.astype(float), utility.astype(float)
    for i, row in enumerate(h.astype(float)):
        for place, e in enumerate(chosen[i]):
            if e < 0:
                continue
            gradient = (responsibilities[i, place] - weights[i, place]) * row / temperature
            softmax[e] += rate * params.learning_rate * min(1.0, temperature**2) * gradient / (row @ row)
            error = np.clip(utilities[i, place], -5.0, 0.0) - utility[e] @ row
            utility[e] += rate * params.utility_rate * error * row / (row @ row)
    return softmax, utility


def balanced(balance: np.ndarray, chosen: np.ndarray, active: np.ndarray, shared: int, rate: float) -> np.ndarray:
    """The biases after items in order."""
    out = balance.copy()
    rivals = [e for e in range(shared, len(balance)) if active[e]]
    for row in chosen:
        load = np.array([float(e in row) for e in rivals])
        signs = np.sign(load.mean() - load)
        out[rivals] += rate * (signs - signs.mean())
    return out


class NaiveBoard:
    """Merit and policies, expert by expert."""

    def __init__(self, params: MeritParams, experts: int) -> None:
        self.params, self.experts = params, experts
        self.rewards: list[list[tuple[float, float]]] = [[] for _ in range(experts)]  # (factor, reward)
        self.logs = [0.0] * experts
        self.share = max(params.exploration, 0.01)

    def probability(self, active: Any) -> list[float]:
        total = sum(math.exp(log) for log, on in zip(self.logs, active, strict=True) if on)
        return [(1 - self.share) * math.exp(log) / total + self.share / sum(active) if on else 0.0
                for log, on in zip(self.logs, active, strict=True)]

    def credit(self, chosen: Any, weights: Any, rewards: Any, keep: float, active: Any) -> None:
        for i in range(len(chosen)):
            chances = self.probability(active)
            self.rewards = [[(factor * keep, reward) for factor, reward in one] for one in self.rewards]
            self.logs = [keep * log for log in self.logs]
            for e, weight, reward in zip(chosen[i], weights[i], rewards[i], strict=True):
                if e >= 0:
                    self.rewards[e].append((1.0, float(reward)))
                    if active[e]:
                        self.logs[e] -= self.share / sum(active) * weight * (1.0 - reward) / chances[e]
            highest = max(log for log, on in zip(self.logs, active, strict=True) if on)
            self.logs = [min(max(log - highest, -50.0), 0.0) for log in self.logs]

    def count(self, e: int) -> float:
        return sum(factor for factor, _ in self.rewards[e])

    def merit(self, e: int) -> float:
        return sum(factor * reward for factor, reward in self.rewards[e]) / self.count(e) if self.rewards[e] else 0.5

    def bias(self, active: Any) -> np.ndarray:
        on = [e for e in range(self.experts) if active[e]]
        total = sum(self.count(e) for e in on)
        index = dict.fromkeys(on, 0.0)
        for e in on:
            bound = math.sqrt(2 * math.log(1 + total) / max(self.count(e), 1.0))
            ucb = self.params.policy == "ucb"
            index[e] = self.merit(e) + self.params.exploration * bound if ucb else self.logs[e]
        out = np.zeros(self.experts)
        for e in on:
            out[e] = self.params.weight * (index[e] - sum(index.values()) / len(on))
        return out
