"""What a cell of a column may hold, in words, for whoever has to correct one."""

from datetime import date

from agir_pipeline.language import _, current_language, mark
from agir_pipeline.protocol.model import Column

KINDS = {
    "text": mark("a text"),
    "identifier": mark("a number or a reference, as text"),
    "code": mark("one of: {codes}"),
    "codes": mark("one or several of: {codes}"),
    "date": mark("a date"),
    "instant": mark("a date and an hour"),
    "integer": mark("a whole number"),
    "number": mark("a number"),
    "minutes": mark("a length of time, such as 90 or 1h30"),
    "boolean": mark("yes or no"),
}


def expectation(column: Column) -> str:
    """What is expected, in the language in force."""
    language = current_language()
    codes = ", ".join(code.labels.in_language(language) for code in column.codes)
    parts = [_(KINDS[column.type]).format(codes=codes)]
    if column.pattern:
        parts.append(_("of the form {pattern}").format(pattern=column.pattern))
    if column.minimum is not None:
        parts.append(_("from {limit}").format(limit=_shown(column.minimum)))
    if column.maximum is not None:
        parts.append(_("up to {limit}").format(limit=_shown(column.maximum)))
    if column.required:
        parts.append(_("never empty"))
    return ", ".join(parts)


def _shown(limit: float | date) -> str:
    return limit.isoformat() if isinstance(limit, date) else f"{limit:g}"
