"""What the router learns, said once more in plain Python."""

from __future__ import annotations

import numpy as np


class NaiveCentroids:
    """Centroids of one relay in float64, item by item."""

    def __init__(self, memory: int, recent: int, seed_weight: float, attention: float, rate: float = 1.0) -> None:
        self.memory, self.recent, self.seed_weight = memory, recent, seed_weight
        self.attention, self.rate = attention, rate
        self.mean: np.ndarray | None = None
        self.count = 0
        self.rows: list[np.ndarray] = []
        self.seen: list[float] = []
        self.near: list[float | None] = []
        self.variance = 0.0
        self.counted = 0

    def follow(self, items: np.ndarray) -> None:
        for item in items.astype(float):
            self.count = min(self.count + 1, self.recent)
            self.mean = item if self.mean is None else self.mean + (item - self.mean) / self.count

    def learn(self, items: np.ndarray, weights: np.ndarray) -> None:
        while len(self.rows) < weights.shape[1]:
            assert self.mean is not None
            self.rows.append(self.mean.copy())
            self.seen.append(self.seed_weight)
            self.near.append(None)
        for item, row in zip(items.astype(float), weights.tolist(), strict=True):
            far = 0.0
            for route, weight in enumerate(row):
                if weight <= 0:
                    continue
                apart = item - self.rows[route]
                distance = float(apart @ apart)
                far += weight * distance
                near = self.near[route]
                self.near[route] = distance if near is None else near + self.attention * weight * (distance - near)
                self.seen[route] = min(self.seen[route] + weight, self.memory)
                self.rows[route] = self.rows[route] + self.rate * weight / self.seen[route] * apart
            total = sum(weight for weight in row if weight > 0)
            if total > 0:
                self.counted = min(self.counted + 1, self.memory)
                self.variance += (far / total - self.variance) / self.counted

    def gains(self) -> np.ndarray:
        if not self.attention or not self.variance:
            return np.ones(len(self.rows))
        precision = [None if near is None else 1 / (1 + min(max(near / self.variance, 0.25), 4)) for near in self.near]
        used = [p for p in precision if p is not None]
        return np.array([1.0 if p is None else p / (sum(used) / len(used)) for p in precision])

    def bias(self, items: np.ndarray, scale: float, feedback: np.ndarray) -> np.ndarray:
        out = np.zeros((len(items), len(self.rows)))
        for i, item in enumerate(items.astype(float)):
            for route, (row, gain) in enumerate(zip(self.rows, self.gains(), strict=True)):
                apart = item - row
                out[i, route] = scale * feedback[route]
                if self.variance:
                    out[i, route] -= scale * gain * float(apart @ apart) / (2 * self.variance)
        return out
