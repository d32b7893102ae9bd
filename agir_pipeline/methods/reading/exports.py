"""Files a steward exported by hand from a survey server, brought to codes.

After this a dropped file and a pull of the same survey hold the same headings and answers. What
an export invented — "No" in boxes nobody saw — is taken out again; what it lost stays lost, and
the file is named as such.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from agir_pipeline.methods.reading.grid import Flag, Grid, Refusal, column_letter
from agir_pipeline.methods.reading.headings import HEADER_ROWS, normalise
from agir_pipeline.methods.reading.questionnaire import METADATA, Field, Questionnaire

SHOWN_CHARACTERS = 15
"""So much of each part of a heading is left in the abbreviated style."""

TIMINGS = (
    "temps total", "duree pour le groupe", "duree pour la question",
    "total time", "group time", "question time",
)  # fmt: skip
"""How the headings of timing columns begin, folded."""

NOT_SHOWN = "{question_not_shown}"
MARKERS = {"{newline}": "\n", "{cr}": "\r", "{tab}": "\t", "{quote}": '"'}
"""What the VV export writes for characters that would break its lines."""

OTHER = "-oth-"
OTHERS = ("Other", "Autre")
YES_NO = {"Yes": "Y", "Oui": "Y", "No": "N", "Non": "N", "N/A": ""}
WORDS: Mapping[str, Mapping[str, str]] = {
    "Y": YES_NO,
    "G": {"Female": "F", "Féminin": "F", "Male": "M", "Masculin": "M", "N/A": ""},
    "C": YES_NO | {"Uncertain": "U", "Incertain": "U"},
    "E": {
        "Increase": "I", "Augmenter": "I", "Same": "S", "Sans changement": "S",
        "Decrease": "D", "Diminuer": "D",
    },
}  # fmt: skip
"""The long answers of types whose codes are LimeSurvey's own."""
TICKED = {"Yes": "Y", "Oui": "Y", "No": "", "Non": "", "": ""}
NUMBERED: Mapping[str, Mapping[str, str]] = {
    "Y": {"1": "Y", "2": "N"},
    "G": {"1": "F", "2": "M"},
    "C": {"1": "Y", "2": "N", "3": "U"},
    "E": {"1": "I", "2": "S", "3": "D"},
}
"""The same types in the data file of the R export."""
BOXES_IN_NUMBERS = {"1": "Y", "0": ""}

Cells = list[list[str]]


def in_codes(grid: Grid, questionnaire: Questionnaire) -> Grid | Refusal:
    """The same answers under the headings of the style "code", as far as the file tells them.

    A grid that no style of the questionnaire explains is returned as it is. Refused: a heading
    that means two columns; zeros that the server wrote over empty cells; long answers of another
    language.
    """
    rows = grid.rows
    place = _header_place(grid, questionnaire)
    if place is None:
        return grid
    names, start, is_vv = place
    if isinstance(names, Refusal):
        return names
    kept = [p for p, name in enumerate(names) if not _is_timing(name)]
    heads = [names[p] for p in kept]
    width = len(names)
    body = [[cells[p] for p in kept] for _n, cells in rows[start:] if len(cells) == width]
    if is_vv:
        body = [[_without_markers(cell) for cell in cells] for cells in body]
    columns = [[_bare(cell) for cell in column] for column in zip(*body, strict=True)]
    told = _Answers(questionnaire, heads, columns or [[] for _head in heads])
    if told.has_false_zeros:
        return Refusal("false_zeros", grid.sheet)
    flags = [*grid.flags]
    if told.is_long:
        flags.append(Flag("long_answers", None, "", len(body)))
        if unknown := told.unknown_words():
            return Refusal("long_answers", grid.sheet, context={"columns": ", ".join(unknown)})
    coded = zip(*told.coded(), strict=True) if body else iter(())
    new = iter([list(cells) for cells in coded])
    below = [(n, next(new) if len(cells) == width else cells) for n, cells in rows[start:]]
    above = [(n, list(cells)) for n, cells in rows[: start - 1]]
    header = (rows[start - 1][0], heads)
    return replace(grid, rows=[*above, header, *below], flags=flags)


def _header_place(
    grid: Grid, questionnaire: Questionnaire
) -> tuple[list[str] | Refusal, int, bool] | None:
    """The columns as codes, the position of the first row below them, and whether it is VV."""
    vv = {one.name.replace("[", "_").replace("]", ""): one.name for one in questionnaire.fields}
    if _is_vv(grid, vv):
        return [vv[cell.strip()] for cell in grid.rows[1][1]], 2, True
    for index, (_number, cells) in enumerate(grid.rows[:HEADER_ROWS]):
        names = _mapped(grid, index, cells, questionnaire)
        if names is not None:
            return names, index + 1, False
    return None


def _is_vv(grid: Grid, known: Mapping[str, str]) -> bool:
    """Two lines of headings: texts, then codes in which "_" stands for the brackets."""
    heads = [{cell.strip() for cell in cells} for _number, cells in grid.rows[:2]]
    return len(heads) == 2 and heads[1] <= set(known) and not heads[0] <= set(known)


def _mapped(
    grid: Grid, index: int, cells: Sequence[str], questionnaire: Questionnaire
) -> list[str] | Refusal | None:
    """The names of one row of headings in the style that explains most; None if none does."""
    filled = [cell for cell in cells if cell.strip() and not _is_timing(cell)]
    best: dict[str, list[str]] = {}
    n_best = 0
    for known in _styles(questionnaire):
        n_known = sum(_folded(cell) in known for cell in filled)
        if n_known > n_best:
            best, n_best = known, n_known
    if 2 * n_best <= len(filled):
        return None
    names = []
    for position, cell in enumerate(cells):
        found = best.get(_folded(cell), [])
        if len(found) > 1:
            context = {"columns": ", ".join(found)}
            letter = column_letter(position)
            return Refusal("ambiguous_heading", grid.sheet, grid.rows[index][0], letter, context)
        names.append(found[0] if found else cell)
    return names


def _styles(questionnaire: Questionnaire) -> Iterator[dict[str, list[str]]]:
    """Code, full, code and text, abbreviated: folded heading → the columns it may mean."""
    fields = questionnaire.fields
    yield _known((_folded(one.name), one) for one in fields)
    yield _known((_joined(parts), one) for one in fields for parts in _texts(one))
    yield _known(
        (normalise(one.name + " ".join(parts)), one) for one in fields for parts in _texts(one)
    )
    yield _known((text, one) for one in fields for text in _abbreviated(one))


def _texts(one: Field) -> Iterable[tuple[str, ...]]:
    """The parts of a heading in every language."""
    if one.question:
        return one.labels.values()
    return [(text,) for text in METADATA.get(one.name, ())]


def _abbreviated(one: Field) -> Iterator[str]:
    """Each part as it is, or cut: LimeSurvey cuts some parts of some types only."""
    for whole in _texts(one):
        for parts in product(*((text, text[:SHOWN_CHARACTERS]) for text in whole)):
            yield _joined(parts)


def _joined(parts: Iterable[str]) -> str:
    return normalise(" ".join(parts))


def _known(pairs: Iterator[tuple[str, Field]]) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for text, one in pairs:
        names = known.setdefault(text, [])
        if one.name not in names:
            names.append(one.name)
    return known


def _folded(heading: str) -> str:
    return normalise(heading.replace(".. ", " "))


def _is_timing(heading: str) -> bool:
    return normalise(heading).startswith(TIMINGS)


def _without_markers(cell: str) -> str:
    if cell == NOT_SHOWN:
        return ""
    for marker, character in MARKERS.items():
        cell = cell.replace(marker, character)
    return cell


def _bare(cell: str) -> str:
    """The screen writes an apostrophe before "=", which a pull does not."""
    return cell[1:] if cell.startswith("'=") else cell


class _Answers:
    """The columns of an export, and in which style they answer."""

    def __init__(
        self, questionnaire: Questionnaire, heads: list[str], columns: list[list[str]]
    ) -> None:
        self.columns = columns
        self.fields = [questionnaire.by_name.get(head, Field(head)) for head in heads]
        texts = [set(column) - {""} for column in columns]
        self.texts = texts
        boxes = [found for one, found in zip(self.fields, texts, strict=True) if one.is_box]
        self.is_numbered = any("0" in found for found in boxes)
        self.is_long = any(found - {"Y", "0", "1"} for found in boxes) or any(
            self._is_in_words(one, found) for one, found in zip(self.fields, texts, strict=True)
        )

    @property
    def has_false_zeros(self) -> bool:
        """Zeros in texts beside boxes: the server wrote them over empty cells."""
        comments = [
            found
            for one, found in zip(self.fields, self.texts, strict=True)
            if one.type in ("M", "P") and not one.is_box
        ]
        return self.is_numbered and any(found == {"0"} or "0" in found for found in comments)

    def _is_in_words(self, one: Field, found: set[str]) -> bool:
        labels = {label for told in one.options.values() for label in told.values()}
        codes = {*one.options, OTHER}
        words = set(WORDS.get(one.type, ()))
        return bool(found & words) or bool(found & labels - codes)

    def unknown_words(self) -> list[str]:
        """Columns in which no known language explains what a box or a fixed answer says."""
        return [
            one.name
            for one, found in zip(self.fields, self.texts, strict=True)
            if (one.is_box and not found <= {*TICKED, "Y"})
            or (one.type in WORDS and not found <= {*WORDS[one.type], *WORDS[one.type].values()})
        ]

    def coded(self) -> Cells:
        return [
            [self._words(one).get(cell, cell) for cell in column]
            for one, column in zip(self.fields, self.columns, strict=True)
        ]

    def _words(self, one: Field) -> Mapping[str, str]:
        if self.is_numbered and not self.is_long:
            return BOXES_IN_NUMBERS if one.is_box else NUMBERED.get(one.type, {})
        if not self.is_long:
            return {}
        if one.is_box:
            return TICKED
        if one.type in WORDS:
            return WORDS[one.type]
        others = dict.fromkeys(OTHERS, OTHER) if one.options else {}
        return others | {
            label: code for code, told in one.options.items() for label in told.values()
        }
