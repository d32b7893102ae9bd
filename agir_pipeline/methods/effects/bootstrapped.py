"""What a bootstrap over pairs and two more would find if drawn without end: no draw, no seed."""

from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy import special

from agir_pipeline.methods.effects.paired import PairedTable


def bca_limits(table: PairedTable, level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated limits of the risk difference of complete pairs and two more.

    As Bonett & Price do, one pair is added to each discordant cell before pairs are resampled: of
    the pairs alone the limits are too close together below a hundred (93.6 to 95.4 % at 75 pairs,
    88.5 to 94.0 % at 23; with the two 95.2 to 96.5 and 96.4 to 98.6 %, by enumeration). A pair
    adds 1, 0 or −1, so the distribution over all resamples is a convolution and known without
    drawing. NaN without a pair. Sources: Efron 1987, doi:10.2307/2289144; Bonett & Price 2012,
    doi:10.3102/1076998611411915.
    """
    if table.n == 0:
        return nan, nan
    more = PairedTable(table.a, table.b + 1, table.c + 1, table.d)
    n, shift, alike = more.n, more.b - more.c, more.a + more.d
    below = np.cumsum(_resampled(more))
    place = shift + n
    bias = special.ndtri((below[place] + below[place - 1]) / 2)
    mean = shift / n
    spread = more.b * (1 - mean) ** 2 + more.c * (1 + mean) ** 2 + alike * mean**2
    skew = more.b * (1 - mean) ** 3 - more.c * (1 + mean) ** 3 - alike * mean**3
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
