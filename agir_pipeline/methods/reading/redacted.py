"""What stands in the place of a received file after an erasure: its texts, some rows blanked.

Every other row keeps its number, its sheet and its cells, so that it is read as before.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from agir_pipeline.methods.reading.grid import Grid, Refusal

MARK = b'{"agir_redacted": 1, '
"""How the bytes of such a copy begin."""


@dataclass(frozen=True)
class RedactedCopy:
    """All sheets in the order of their tabs; or only why nothing was kept of the file."""

    grids: Sequence[Grid]
    visible: Sequence[str] = ()
    refusal: Refusal | None = None

    @classmethod
    def from_bytes(cls, content: bytes) -> "RedactedCopy":
        told = json.loads(content)
        refusal = Refusal.from_json(told["refusal"]) if told["refusal"] else None
        grids = [
            Grid.from_json({**grid, "rows": [(number, cells) for number, cells in grid["rows"]]})
            for grid in told["grids"]
        ]
        return cls(grids, told["visible"], refusal)

    def to_bytes(self) -> bytes:
        """The same copy gives the same bytes."""
        told = {
            "grids": [grid.to_json() for grid in self.grids],
            "visible": list(self.visible),
            "refusal": self.refusal.to_json() if self.refusal else None,
        }
        return MARK + json.dumps(told, ensure_ascii=False).encode()[1:]

    def chosen(self, wanted: Sequence[str]) -> list[Grid] | Refusal:
        """The sheets a reader would have got of the file: ``wanted``, else the first visible one.

        ``wanted`` holds names, or patterns for visible sheets.
        """
        if self.refusal is not None:
            return self.refusal
        found = [g for g in self.grids if any(self._is_meant(g.sheet, name) for name in wanted)]
        if not wanted:
            found = [g for g in self.grids if g.sheet in self.visible][:1]
        if not found:
            sheets = ", ".join(grid.sheet for grid in self.grids)
            return Refusal("no_such_sheet", sheet=", ".join(wanted), context={"sheets": sheets})
        names = {grid.sheet for grid in found}
        ignored = [grid.sheet for grid in self.grids if grid.sheet not in names]
        return [replace(found[0], ignored_sheets=ignored), *found[1:]]

    def _is_meant(self, sheet: str, name: str) -> bool:
        own, asked = sheet.strip().casefold(), name.strip().casefold()
        return own == asked or (sheet in self.visible and fnmatchcase(own, asked))


def blanked(grid: Grid, numbers: Collection[int]) -> Grid:
    """The sheet with nothing in the rows of these numbers; they count as erased."""
    gone = set(numbers)
    return replace(
        grid,
        rows=[(n, [""] * len(cells) if n in gone else cells) for n, cells in grid.rows],
        faults=[fault for fault in grid.faults if fault[0] not in gone],
        erased=sorted({*grid.erased, *gone}),
    )


def rows_below(grid: Grid, index: int) -> list[int]:
    """The numbers of the rows after the one at a place, those that hold something."""
    return [number for number, cells in grid.rows[index + 1 :] if any(cells)]
