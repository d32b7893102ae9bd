"""Since which version of the product each released column is there.

``since.txt`` says it, one line per version and table: the version, the table, its columns. Nobody
writes it by hand: ``make guides`` adds what is new under the version being made.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from agir_pipeline.contracts.model import STAMPS, TableContract

LIST = Path(__file__).with_name("since.txt")
STAMPED = {column.name for column in STAMPS}
Since = Mapping[tuple[str, str], str]
"""Table and column → the version."""


def read_since(lines: Iterable[str]) -> Since:
    told = [line.split() for line in lines]
    return {(table, column): version for version, table, *columns in told for column in columns}


@cache
def known_since() -> Since:
    """What ships with the code."""
    return read_since(LIST.read_text(encoding="utf-8").splitlines())


def versions_of(contract: TableContract, known: Since) -> list[str | None]:
    """The version each column came with; what only a study's own protocol names has none.

    A column that every released table carries is as old as its table.
    """
    own = [known.get((contract.name, name)) for name in contract.names]
    first = min((since for since in own if since), key=_order, default=None)
    told = zip(contract.names, own, strict=True)
    return [first if name in STAMPED else since for name, since in told]


def written_since(contracts: Iterable[TableContract], known: Since, version: str) -> str:
    """The list as it is to stand: what is new is of ``version``, what is older stays for good.

    A column of ``version`` itself that the code no longer has was never released and goes.
    """
    own = {(contract.name, name) for contract in contracts for name in contract.names}
    told = {place: since for place, since in known.items() if since != version or place in own}
    told |= {place: version for place in own - told.keys()}
    of_table: dict[tuple[str, str], list[str]] = {}
    for (table, column), since in told.items():
        of_table.setdefault((table, since), []).append(column)
    order = sorted(of_table, key=lambda place: (place[0], _order(place[1])))
    return "".join(
        f"{since} {table} {' '.join(sorted(of_table[table, since]))}\n" for table, since in order
    )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
