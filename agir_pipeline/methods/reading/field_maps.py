"""A questionnaire from what a LimeSurvey server says of it: its field maps and its questions."""

from collections.abc import Mapping
from typing import Any

from agir_pipeline.methods.reading.questionnaire import Field, Labels, Questionnaire, plain

FieldMap = Mapping[str, Mapping[str, Any]]
"""Raw name of a column → what ``get_fieldmap`` says of it."""

Properties = Mapping[str, Mapping[str, Any]]
"""Language → the sub-questions and answer options of one question."""

WITH_OPTIONS = frozenset("L!OFHR")
"""Types whose codes are those of the question. The server tells none of dual scales (1)."""
WITH_PARTS = frozenset("MPFHABCEQK;:1")
"""Types with sub-questions."""

WORDS = {
    "other": {"en": "Other", "fr": "Autre"},
    "comment": {"en": "Comment", "fr": "Commentaire"},
    "othercomment": {"en": "Other comment", "fr": "Commentaire pour autre"},
    "scale": {"en": "Scale {n}", "fr": "Échelle {n}"},
    "rank": {"en": "Rank {n}", "fr": "Classement {n}"},
}
"""What LimeSurvey itself writes in headings."""


def asks_for_properties(kind: str) -> bool:
    """Whether a type of question has sub-questions or options worth asking for."""
    return kind in WITH_OPTIONS or kind in WITH_PARTS


def from_field_maps(
    form: str, maps: Mapping[str, FieldMap], properties: Mapping[str, Properties], pages: str
) -> Questionnaire:
    """The questionnaire of one survey.

    ``maps``: language → field map, base language first. ``properties``: number of a question →
    what the server says of its parts. ``pages``: the survey's format, ``G`` for group by group.
    """
    base = next(iter(maps.values()))
    relevance = _relevance(base)
    order: dict[str, int] = {}
    fields = []
    for raw_name, told in base.items():
        if not told.get("qid"):
            fields.append(Field(raw_name, raw_name=raw_name))
            continue
        qid = str(told["qid"])
        page = order.setdefault(str(told.get("gid", "")), len(order) + 1)
        asked = properties.get(qid, {})
        fields.append(
            Field(
                name=column_name(raw_name, told),
                question=str(told["title"]),
                type=_type(told),
                page=page,
                relevance=relevance.get(qid, ()),
                labels=_labels(raw_name, maps, asked),
                options=_options(told, asked),
                raw_name=raw_name,
            )
        )
    return Questionnaire(form, tuple(maps), pages, tuple(fields))


def column_name(raw_name: str, told: Mapping[str, Any]) -> str:
    """The heading of a column in the style "code"."""
    part = str(told.get("aid") or "")
    name = f"{told['title']}[{part}]" if part else str(told["title"])
    if told["type"] == "1" and "#" in raw_name:
        name += f"[{int(raw_name.rsplit('#', 1)[1]) + 1}]"
    return name


def _type(told: Mapping[str, Any]) -> str:
    is_count = told["type"] == "|" and told.get("aid") == "filecount"
    return "|count" if is_count else str(told["type"])


def _relevance(told: FieldMap) -> dict[str, tuple[str, ...]]:
    """Of each question what must hold: the server says it at one of its columns, the last."""
    found: dict[str, tuple[str, ...]] = {}
    for column in told.values():
        said = [column.get("grelevance"), column.get("relevance")]
        if column.get("qid") and any(said):
            found[str(column["qid"])] = tuple(conditions(said))
    return found


def conditions(said: list[Any]) -> list[str]:
    """The expressions that are not simply true."""
    texts = [str(one).strip() for one in said if one is not None]
    return [text for text in texts if text not in ("", "1")]


def _labels(raw_name: str, maps: Mapping[str, FieldMap], asked: Properties) -> Labels:
    labels = {}
    for language, told in maps.items():
        column = told.get(raw_name)
        if column is None:
            continue
        parts = _parts(_type(column), str(column.get("aid") or ""), raw_name)
        names = {
            str(sub.get("title")): plain(sub.get("question"))
            for sub in _entries(asked.get(language, {}).get("subquestions"))
        }
        question = plain(column.get("question"))
        labels[language] = heading_parts(question, parts, names, language)
    return labels


def _parts(kind: str, part: str, raw_name: str) -> list[str]:
    """The sub-codes of a column, and the words ``*word`` that the server writes itself."""
    if kind == "|count":
        return ["*filecount"]
    if part in ("other", "comment", "othercomment"):
        return [f"*{part}"]
    if kind == "R":
        return [f"*rank {part}"]
    if kind == "P" and part.endswith("comment"):
        return [part.removesuffix("comment"), "*comment"]
    if kind in (";", ":"):
        return part.split("_", 1)
    if kind == "1" and "#" in raw_name:
        return [part, f"*scale {int(raw_name.rsplit('#', 1)[1]) + 1}"]
    return [part] if part else []


def heading_parts(
    question: str, parts: list[str], names: Mapping[str, str], language: str
) -> tuple[str, ...]:
    """The texts of a heading, in one language; a sub-question without a name is told by code."""
    if parts == ["*filecount"]:
        return (f"filecount - {question}",)
    told = [question]
    for part in parts:
        word, _space, number = part.removeprefix("*").partition(" ")
        if part.startswith("*"):
            text = WORDS[word].get(language, WORDS[word]["en"]).format(n=number)
            told.append(text)
        else:
            told.append(names.get(part) or part)
    return tuple(told)


def _options(told: Mapping[str, Any], asked: Properties) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if told["type"] not in WITH_OPTIONS or told.get("aid") in ("other", "comment"):
        return found
    for language, properties in asked.items():
        options = properties.get("answeroptions")
        if isinstance(options, Mapping):
            for code, option in options.items():
                found.setdefault(str(code), {})[language] = plain(option.get("answer"))
    return found


def _entries(told: Any) -> list[Mapping[str, Any]]:
    """The server says "none" by a sentence in place of a table."""
    return list(told.values()) if isinstance(told, Mapping) else []
