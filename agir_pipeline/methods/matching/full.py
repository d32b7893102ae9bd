"""Full matching: everybody in a set of one treated row and some controls, or the reverse.

The sets with the least total distance are a cheapest edge cover, which a cheapest assignment
gives: each row is either paired, or joins its nearest neighbour. Source: Hansen (2004),
doi:10.1198/016214504000000647; the reduction is in Schrijver (2003), section 19.3.
"""

import math

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.certificate import TOLERANCE, prices_of, refused
from agir_pipeline.methods.matching.pairs import LEFT_OUT, optimal_pairs


def full_sets(cost: Floats, is_admissible: Bools) -> tuple[Ints, Ints, float]:
    """The set of each row and of each column (-1 without admissible edge), and the total distance.

    Rows and columns come in canonical order, which decides between equal solutions.

    Raises:
        CheckError: the dual bound does not reach the total.
    """
    if not is_admissible.any():  # nobody for anybody, as in a stratum without a control
        mine, theirs = (np.full(n, LEFT_OUT, dtype=np.int64) for n in cost.shape)
        return mine, theirs, 0.0
    edges = np.where(is_admissible, cost, np.inf)
    nearest = edges.min(axis=1, initial=np.inf), edges.min(axis=0, initial=np.inf)
    has_edge = np.isfinite(nearest[0]), np.isfinite(nearest[1])
    base = np.where(has_edge[0], nearest[0], 0.0), np.where(has_edge[1], nearest[1], 0.0)
    saving = cost - base[0][:, None] - base[1][None, :]
    may = is_admissible & (saving < 0)
    paired = optimal_pairs(saving, may, 0.0, np.arange(len(cost)), np.arange(cost.shape[1]))
    rows = np.flatnonzero(paired.control_of != LEFT_OUT)
    columns = paired.control_of[rows]
    alone = has_edge[0].copy(), has_edge[1].copy()
    alone[0][rows] = alone[1][columns] = False
    more_rows, more_columns = np.flatnonzero(alone[0]), np.flatnonzero(alone[1])
    rows = np.concatenate([rows, more_rows, edges[:, more_columns].argmin(axis=0)])
    columns = np.concatenate([columns, edges[more_rows].argmin(axis=1), more_columns])
    rows, columns = _pruned(rows, columns, cost)
    total = math.fsum(cost[rows, columns])
    prices = prices_of(saving, may, paired.control_of, 0.0)
    bound = math.fsum([*base[0], *base[1], *prices.beneficiaries, *prices.controls])
    if abs(total - bound) > TOLERANCE * max(total, float(cost[is_admissible].max(initial=0.0))):
        raise refused(
            _("total distance {total}, proven bound {bound}").format(total=total, bound=bound)
        )
    return *_sets(rows, columns, cost.shape), total


def _pruned(rows: Ints, columns: Ints, cost: Floats) -> tuple[Ints, Ints]:
    """Edges without those both of whose ends have another one; ties leave such, of length 0."""
    kept = dict.fromkeys(zip(rows.tolist(), columns.tolist(), strict=True))
    mine = np.bincount([row for row, _column in kept], minlength=cost.shape[0])
    theirs = np.bincount([column for _row, column in kept], minlength=cost.shape[1])
    for row, column in sorted(kept, key=lambda edge: -cost[edge]):
        if mine[row] > 1 and theirs[column] > 1:
            del kept[row, column]
            mine[row] -= 1
            theirs[column] -= 1
    edges = np.array(list(kept), dtype=np.int64).reshape(-1, 2)
    return edges[:, 0], edges[:, 1]


def _sets(rows: Ints, columns: Ints, shape: tuple[int, ...]) -> tuple[Ints, Ints]:
    n_rows, n_columns = shape
    n = n_rows + n_columns
    graph = coo_array((np.ones(len(rows)), (rows, n_rows + columns)), shape=(n, n))
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    in_set = np.zeros(n, dtype=np.bool_)
    in_set[rows] = in_set[n_rows + columns] = True
    label[~in_set] = LEFT_OUT
    return label[:n_rows], label[n_rows:]
