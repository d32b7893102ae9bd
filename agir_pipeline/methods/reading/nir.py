"""A column of social security numbers (NIR), which no file of a study may hold.

France allows the number to be kept for few purposes only (décret 2019-341); a study is none of
them. So it is looked for by its values, whatever the heading says, and the file is not kept.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from stdnum.exceptions import ValidationError
from stdnum.fr import nir

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.columns import Coded, Rows
from agir_pipeline.methods.reading.grid import Grid, Refusal, column_letter

SHAPE = re.compile(
    r"(?<![\w.,])[1-478][ .]?\d\d[ .]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .]?(?:\d\d|2[AB])"
    r"[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d\d)?(?![\w,])"
)
"""Sex, year, month, département, commune and order of birth, and mostly a key of two digits."""
GROUPING = re.compile(r"[\s.]+")
KEYLESS = 13
MOSTLY = 0.5
"""Of the filled cells of a column: a single number in a column of texts makes no NIR column."""
LOOKED_AT = 40
"""Filled cells of a column, from the top: one of them has the shape, or most of all have not."""
FEW = 3
"""Numbers without key have no sum to check: fewer of them may be anything."""


def nir_refusal(grid: Grid) -> Refusal | None:
    """Why the sheet may not be kept: the first column that holds NIR; None when none does."""
    for position, column in enumerate(Rows.of(grid.rows).every()):
        told = column.entries if isinstance(column, Coded) else column
        if (
            _may_hold_nir(told)  # as far down as the cells looked at, at least
            and _may_hold_nir(column)
            and _holds_nir([text for text in map(trimmed, column) if text])
        ):
            return Refusal("nir_column", grid.sheet, column=column_letter(position))
    return None


def _may_hold_nir(texts: Iterable[str]) -> bool:
    return bool(SHAPE.search("\t".join(islice(filter(None, texts), LOOKED_AT))))


def _holds_nir(texts: Sequence[str]) -> bool:
    """``texts``: the filled cells of a column, its heading among them."""
    shaped = [GROUPING.sub("", text) for text in texts if SHAPE.fullmatch(text)]
    if not shaped or len(shaped) < MOSTLY * max(len(texts) - 1, 1):
        return False
    if len(shaped[0]) == KEYLESS:
        born = {number for number in shaped if number[0] in "12" and "01" <= number[3:5] <= "12"}
        return len(born) >= FEW and len(born) >= MOSTLY * len(shaped)
    return sum(map(_is_nir, shaped)) >= MOSTLY * len(shaped)


def _is_nir(number: str) -> bool:
    try:
        nir.validate(number)
    except ValidationError:
        return False
    return True
