"""Images cut into patches, each freed of its own brightness and contrast.

    token = (x − mean(x)) / √(var(x) + ε)       x: the pixels of a patch, (row, column, channel) in one vector

(Coates, Lee & Ng 2011, section 3.1.1; ε: Coates & Ng 2012, doi:10.1007/978-3-642-35289-8_30, section 3.1.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from aura.core.errors import SignalError
from aura.core.time import Time, format_time
from aura.zones.sensory.moments import straighten

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.sensory.params import ImageOptions

__all__ = ["Patches"]

_BYTE_MAX = np.float32(255)


class Patches:
    """Cuts images into visual tokens, each image on its own: its neighbours change no bit of it.

    Parameters
    ----------
    options : ImageOptions
        How.

    Examples
    --------
    >>> from aura.zones.sensory.params import ImageOptions
    >>> image = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    >>> Patches(ImageOptions(patch=2, normalise="none")).cut(image)[0].tolist()[:2]
    [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    """

    def __init__(self, options: ImageOptions) -> None:
        self._options = options
        self._patch, self._stride = options.patch, options.stride or options.patch

    def cut(self, images: NDArray[Any], where: str = "image", now: Time = 0) -> NDArray[np.float32]:
        """Return the tokens of images.

        Parameters
        ----------
        images : ndarray, shape (item, height, width) or (item, height, width, channel)
            Of the type that the options name.
        where : str
            What errors call them.
        now : int, ns
            The instant that errors name.

        Returns
        -------
        ndarray, shape (item, patch, feature), float32
            The patches row by row, from the upper left; fresh.

        Raises
        ------
        SignalError
            If an image holds no patch.
        """
        options, side = self._options, self._patch
        height, width = images.shape[1:3]
        if min(height, width) < side:
            raise SignalError(f"{where} at {format_time(now)}",
                              expected=f"images of {side} x {side} pixels or more, one patch",
                              got=f"{height} x {width}", hint="Choose a smaller image.patch.")
        pixels = images
        if options.dtype == "uint8":
            pixels = images / _BYTE_MAX
        if options.centre or options.deskew:
            pixels = straighten(pixels.astype(np.float64), centre=options.centre, deskew=options.deskew)
        # (item, row, column, [channel,] y, x): the windows are views, and laid out once, where they stay.
        windows = sliding_window_view(pixels, (side, side), axis=(1, 2))[:, ::self._stride, ::self._stride]
        if images.ndim == 4:
            windows = np.moveaxis(windows, 3, -1)
        items, rows, columns = windows.shape[:3]
        out = np.empty((items, rows * columns, options.features), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            out.reshape(windows.shape)[...] = windows
            if options.normalise == "patch":
                self._normalise(out, where, now)
        return out

    def _normalise(self, patches: NDArray[np.float32], where: str, now: Time) -> None:
        patches -= patches.mean(axis=-1, keepdims=True)
        variance = np.einsum("ipf,ipf->ip", patches, patches) / np.float32(self._options.features)
        if not np.isfinite(variance).all():
            raise SignalError(f"{where} at {format_time(now)}",
                              expected="pixels whose squares float32 can hold", got="greater ones",
                              hint="Scale images to 0 to 1.")
        patches /= np.sqrt(variance + np.float32(self._options.variance_floor))[..., None]
