"""A protocol file as its author wrote it, before anybody knows whether it holds.

Whatever has the wrong shape is skipped here: the model says what is wrong with it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _

Raw = Mapping[str, Any]
NUMERIC = ("integer", "number")
COUNTING_METHODS = ("completed_years", "days_between")


def items(parent: Any, key: str) -> list[Raw]:
    """The tables under ``[[key]]``."""
    values = parent.get(key) if isinstance(parent, Mapping) else None
    return [v for v in values if isinstance(v, Mapping)] if isinstance(values, list) else []


def table(parent: Any, key: str) -> Raw:
    """The table under ``[key]``; empty when there is none."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text(parent: Raw, key: str) -> str | None:
    value = parent.get(key)
    return value if isinstance(value, str) else None


def texts(parent: Any, key: str) -> list[str]:
    values = parent.get(key) if isinstance(parent, Mapping) else None
    return [v for v in values if isinstance(v, str)] if isinstance(values, list) else []


def numbers(value: Any) -> list[float] | None:
    """A list of numbers; None when it is anything else."""
    if not isinstance(value, list):
        return None
    is_right = all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
    return value if is_right else None


def names(written: Iterable[Raw]) -> list[str]:
    return [item["name"] for item in written if isinstance(item.get("name"), str)]


def place(section: str, position: int, item: Raw) -> str:
    """ "source 3 (contracts)"."""
    name = text(item, "name") or text(item, "outcome")
    return f"{section} {position}" + (f" ({name})" if name else "")


def columns(raw: Raw, feeds: str | None = None, *, warehouse_only: bool = False) -> dict[str, Raw]:
    """Name → column (derived ones too) of the sources that feed an entity.

    ``warehouse_only`` leaves out the identifying ones: nothing but the vault may see them.
    """
    found: dict[str, Raw] = {}
    for source in items(raw, "source"):
        if feeds is None or source.get("feeds") == feeds:
            for column in items(source, "column") + items(source, "derived"):
                is_hidden = warehouse_only and column.get("sensitivity") == "identifying"
                if isinstance(column.get("name"), str) and not is_hidden:
                    found.setdefault(column["name"], column)
    return found


def codes(column: Raw) -> set[str] | None:
    """The codes of a coded column; None when it has none."""
    declared = {
        item["code"] for item in items(column, "codes") if isinstance(item.get("code"), str)
    }
    return declared or None


def is_number(column: Raw) -> bool:
    """Whether the values of a column, declared or derived, are numbers."""
    return column.get("type") in NUMERIC or column.get("method") in COUNTING_METHODS


def unknown(where: str, key: str, name: str, known: Iterable[str]) -> Mistake:
    """A name that the rest of the protocol does not know."""
    return Mistake(
        f"{where} › {key}",
        _("'{name}' is not one of: {known}").format(
            name=name, known=", ".join(sorted(known)) or _("(none)")
        ),
    )
