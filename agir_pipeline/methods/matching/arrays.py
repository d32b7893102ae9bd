"""The array types the matching speaks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
Days = NDArray[np.datetime64]
"""Calendar days, ``datetime64[D]``; NaT is a missing day."""

Columns = Mapping[str, NDArray[Any]]
"""Arrays of one length by name: a frame without its cost, for what is done band by band."""
