"""What a bootstrap over pairs would find if it were drawn without end: no draw, no seed."""

from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy import special

from agir_pipeline.methods.effects.paired import PairedTable


def bca_limits(table: PairedTable, level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated limits of the risk difference of complete pairs.

    A pair adds 1, 0 or −1, so the distribution over all resamples of the pairs is a convolution
    and known without drawing. NaN where all pairs add the same: so does every resample.
    Source: Efron 1987, doi:10.2307/2289144.
    """
    n, shift = table.n, table.b - table.c
    if max(table.b, table.c, table.a + table.d) == n:
        return nan, nan
    below = np.cumsum(_resampled(table))
    place = shift + n
    bias = special.ndtri((below[place] + below[place - 1]) / 2)
    mean = shift / n
    spread = table.b * (1 - mean) ** 2 + table.c * (1 + mean) ** 2 + (table.a + table.d) * mean**2
    skew = table.b * (1 - mean) ** 3 - table.c * (1 + mean) ** 3 - (table.a + table.d) * mean**3
    bend = skew / (6 * spread**1.5)
    reach = special.ndtri((1 + level) / 2)
    shares = [
        special.ndtr(bias + (bias + z) / (1 - bend * (bias + z))) for z in (-reach, float(reach))
    ]
    low, high = (int(np.searchsorted(below, share)) - n for share in shares)
    return low / n, min(high, n) / n


def _resampled(table: PairedTable) -> NDArray[np.float64]:
    """The chance of each sum from −n to n over n pairs drawn with replacement."""
    n = table.n
    one = np.zeros(2 * n + 1)
    one[[-1, 0, 1]] = np.array([table.c, table.a + table.d, table.b]) / n
    summed = np.fft.irfft(np.fft.rfft(one) ** n, 2 * n + 1)
    chances: NDArray[np.float64] = np.clip(np.roll(summed, n), 0.0, None)
    chances /= chances.sum()
    return chances
