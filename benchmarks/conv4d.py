"""The four-dimensional convolution beside what else computes it, forward and backward, in the same run.

Run by hand: ``python benchmarks/conv4d.py``. The contestants take turns, so that a machine that slows down slows all of
them, and each one's shortest turn counts. Every contestant takes and returns numpy arrays in the layout of `Conv4D`;
its result is compared with a sum over taps in double precision.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from aura.zones.fabric.learning.conv4d import Conv4D
from aura.zones.fabric.learning.response_params import Conv4DParams

CASES = (((1, 17, 17, 32, 8, 4), (8, 4, 3, 3, 3, 3)), ((4, 13, 13, 64, 4, 1), (4, 1, 3, 3, 3, 2)))
"""Shapes of input and kernels; "same" in space, causal in time."""

SLOW_MS, SLOW_TURNS = 200.0, 10
"""A contestant that takes longer than this in each of so many turns has no more of them."""

OURS = "aura, numba"


@dataclass
class Case:
    """What is convolved."""

    values: np.ndarray
    kernels: np.ndarray
    upstream: np.ndarray

    @classmethod
    def of(cls, shape: tuple[int, ...], kernels: tuple[int, ...]) -> Case:
        rng = np.random.default_rng(0)
        sizes = (shape, kernels, (*shape[:5], kernels[0]))
        return cls(*(rng.normal(size=size).astype(np.float32) for size in sizes))

    @property
    def pads(self) -> list[tuple[int, int]]:
        """Zeros before and after, along x, y, z and time."""
        *space, time_taps = self.kernels.shape[2:]
        return [*(((k - 1) // 2, k // 2) for k in space), (time_taps - 1, 0)]

    def expected(self) -> np.ndarray:
        """Return the response in double precision."""
        padded = np.pad(self.values.astype(float), ((0, 0), *self.pads, (0, 0)))
        out = np.zeros(self.upstream.shape)
        x, y, z, t = self.values.shape[1:5]
        for i, j, k, m in np.ndindex(*self.kernels.shape[2:]):
            window = padded[:, i:i + x, j:j + y, k:k + z, m:m + t]
            out += window @ self.kernels[:, :, i, j, k, m].T.astype(float)
        return out


Turn = Callable[[], Any]


def ours(case: Case, threads: int) -> tuple[Turn, Turn]:
    """Return forward, and forward and gradient, of this package."""
    outputs, inputs, *kernel = case.kernels.shape
    made = Conv4D(Conv4DParams(inputs=inputs, outputs=outputs, kernel=kernel, fatigue=None), np.random.default_rng(0),
                  threads=threads)
    made.kernels[:] = case.kernels

    def both() -> tuple[np.ndarray, ...]:
        return made.forward(case.values), *made.gradient(case.values, case.upstream)

    return lambda: made.forward(case.values), both


def with_torch(case: Case, threads: int, *, folded: bool) -> tuple[Turn, Turn]:
    """Return the same of torch: a sum of conv3d over the taps of time, or one conv3d that takes these as channels."""
    import torch
    from torch.nn import functional

    outputs, inputs, kx, ky, kz, taps = case.kernels.shape
    batch, x, y, z, frames, _ = case.values.shape
    space = (kx // 2, ky // 2, kz // 2)

    def respond(values: Any, kernels: Any) -> Any:
        planar = functional.pad(values.permute(0, 4, 5, 1, 2, 3), (0, 0, 0, 0, 0, 0, 0, 0, taps - 1, 0))
        shifted = [planar[:, k:k + frames] for k in range(taps)]
        if folded:
            stacked = torch.stack(shifted, 3).reshape(batch * frames, inputs * taps, x, y, z)
            flat = kernels.permute(0, 1, 5, 2, 3, 4).reshape(outputs, inputs * taps, kx, ky, kz)
            out = functional.conv3d(stacked, flat, padding=space)
        else:
            parts = [functional.conv3d(shifted[k].reshape(batch * frames, inputs, x, y, z), kernels[..., k],
                                       padding=space) for k in range(taps)]
            out = sum(parts[1:], parts[0])
        return out.reshape(batch, frames, outputs, x, y, z).permute(0, 3, 4, 5, 1, 2).contiguous()

    def forward() -> np.ndarray:
        torch.set_num_threads(threads)
        with torch.no_grad():
            return respond(torch.from_numpy(case.values), torch.from_numpy(case.kernels)).numpy()

    def both() -> tuple[np.ndarray, ...]:
        torch.set_num_threads(threads)
        values = torch.from_numpy(case.values).requires_grad_()
        kernels = torch.from_numpy(case.kernels).requires_grad_()
        out = respond(values, kernels)
        out.backward(torch.from_numpy(case.upstream))
        return out.detach().numpy(), values.grad.numpy(), kernels.grad.numpy()

    return forward, both


def with_jax(case: Case) -> tuple[Turn, Turn]:
    """Return the same of jax, compiled: a convolution of four spatial dimensions, on as many threads as XLA takes."""
    import jax
    from jax import lax

    numbers = lax.ConvDimensionNumbers((0, 5, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5), (0, 5, 1, 2, 3, 4))
    pads = case.pads

    def respond(values: Any, kernels: Any) -> Any:
        return lax.conv_general_dilated(values, kernels, (1,) * 4, pads, dimension_numbers=numbers)

    @jax.jit
    def gradient(values: Any, kernels: Any, upstream: Any) -> Any:
        out, back = jax.vjp(respond, values, kernels)
        return out, *back(upstream)

    compiled = jax.jit(respond)

    def both() -> tuple[np.ndarray, ...]:
        return tuple(np.asarray(part) for part in gradient(case.values, case.kernels, case.upstream))

    return lambda: np.asarray(compiled(case.values, case.kernels)), both


def with_ndimage(case: Case) -> Turn:
    """Return forward of scipy.ndimage, a correlation for each pair of channels."""
    from scipy import ndimage

    taps = case.kernels.shape[5]
    origin = [0, 0, 0, taps - 1 - taps // 2]

    def forward() -> np.ndarray:
        out = np.zeros(case.upstream.shape, np.float32)
        for b, o, c in np.ndindex(len(out), out.shape[5], case.values.shape[5]):
            out[b, ..., o] += ndimage.correlate(case.values[b, ..., c], case.kernels[o, c], mode="constant",
                                                origin=origin)
        return out

    return forward


def with_fft(case: Case) -> Turn:
    """Return forward of scipy.signal, by Fourier transforms, all pairs of channels at once."""
    from scipy import signal

    flipped = case.kernels[:, :, ::-1, ::-1, ::-1, ::-1].transpose(1, 2, 3, 4, 5, 0)[None]
    sizes = case.values.shape[1:5]
    starts = [k - 1 - before for k, (before, _) in zip(case.kernels.shape[2:], case.pads, strict=True)]

    def forward() -> np.ndarray:
        out = np.zeros(case.upstream.shape, np.float32)
        inside = (slice(None), *(slice(start, start + size) for start, size in zip(starts, sizes, strict=True)))
        for c in range(case.values.shape[5]):
            out += signal.fftconvolve(case.values[..., c, None], flipped[:, c], axes=(1, 2, 3, 4))[inside]
        return out

    return forward


def contestants(case: Case) -> dict[str, tuple[Turn, Turn | None]]:
    """Return all by name, what computes forward and what computes forward and gradient."""
    found: dict[str, tuple[Turn, Turn | None]] = {}
    for threads in (1, 2):
        label = f"{threads} thread{'s' * (threads > 1)}"
        found[f"{OURS}, {label}"] = ours(case, threads)
        found[f"torch, sum of conv3d, {label}"] = with_torch(case, threads, folded=False)
        found[f"torch, taps as channels, {label}"] = with_torch(case, threads, folded=True)
    found["jax, 4 spatial dimensions"] = with_jax(case)
    found["scipy.ndimage.correlate"] = with_ndimage(case), None
    found["scipy.signal.fftconvolve"] = with_fft(case), None
    return found


def shortest(turns: dict[str, Turn], rounds: int) -> dict[str, float]:
    """Return the shortest time of each in ms, over so many rounds in which all take turns."""
    best = dict.fromkeys(turns, float("inf"))
    for turn in turns.values():
        turn()
    for turn_number in range(rounds):
        for name, turn in turns.items():
            if turn_number < SLOW_TURNS or best[name] < SLOW_MS:
                began = time.perf_counter()
                turn()
                best[name] = min(best[name], (time.perf_counter() - began) * 1e3)
    return best


def show(title: str, times: dict[str, float], products: float, errors: dict[str, float]) -> None:
    """Print the times and what they are beside ours with as many threads."""
    print(f"\n{title}")
    for name, took in sorted(times.items(), key=lambda item: item[1]):
        twin = f"{OURS}, 1 thread" if name.endswith("1 thread") else f"{OURS}, 2 threads"
        error = f"{errors[name]:10.1e}" if name in errors else ""
        print(f"  {name:36} {took:9.2f} ms {2 * products / took / 1e6:7.1f} GFLOP/s {took / times[twin]:8.1f} x "
              f"{error}".rstrip())


def main() -> None:
    """Print the times of every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    for shape, kernels in CASES:
        case = Case.of(shape, kernels)
        all_of_them, expected = contestants(case), case.expected()
        products = float(np.prod(shape[:5])) * float(np.prod(kernels))
        errors = {name: float(np.abs(forward() - expected).max() / np.abs(expected).max())
                  for name, (forward, _) in all_of_them.items()}
        times = shortest({name: forward for name, (forward, _) in all_of_them.items()}, rounds)
        show(f"input {shape}, kernels {kernels}: forward; beside ours; largest error", times, products, errors)
        backward = {name: both for name, (_, both) in all_of_them.items() if both is not None}
        for kind in sorted({name.rsplit(",", 1)[0] for name in backward if name.endswith("1 thread")}):
            one, two = backward[f"{kind}, 1 thread"](), backward[f"{kind}, 2 threads"]()
            same = all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
            print(f"  {kind}: one thread and two give {'the same' if same else 'other'} bits")
        show("forward and gradient", shortest(backward, rounds), 3 * products, {})


if __name__ == "__main__":
    main()
