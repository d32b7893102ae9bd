"""Does what the protocol says of people's rights fit its columns: withdrawals of consent?"""

from collections.abc import Iterator

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import Raw, codes, items, names, place, table, text, unknown


def withdrawals_can_be_read(raw: Raw) -> Iterator[Mistake]:
    """Their columns stand in the warehouse, are days, and every code of a scope is explained."""
    for position, source in enumerate(items(raw, "source"), 1):
        said = table(source, "withdraws")
        at = f"{place('source', position, source)} › withdraws"
        own = {column["name"]: column for column in items(source, "column") if text(column, "name")}
        for role in ("withdrawn_on", "scope", "retracted"):
            name = text(said, role)
            if name is not None and name not in own:
                yield unknown(at, role, name, names(items(source, "column")))
            elif name is not None:
                yield from _is_usable(f"{at} › {role}", own[name], is_day=role != "scope")
        declared = codes(own.get(text(said, "scope") or "", {}))
        if declared is not None and set(table(said, "scopes")) != declared:
            yield Mistake(f"{at} › scopes", _("says not what each code of the column means"))


def _is_usable(at: str, column: Raw, *, is_day: bool) -> Iterator[Mistake]:
    name = column["name"]
    if column.get("sensitivity") == "identifying":
        yield Mistake(at, _("'{name}' stands in the vault alone").format(name=name))
    if is_day and column.get("type") not in ("date", "instant"):
        yield Mistake(at, _("'{name}' is not a date").format(name=name))
    if not is_day and codes(column) is None:
        yield Mistake(at, _("'{name}' is not a code with its codes").format(name=name))


RIGHTS_CHECKS = (withdrawals_can_be_read,)
