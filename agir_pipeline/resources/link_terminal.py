"""The pairs of records that wait, one after the other in a terminal: the same as the workbook."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.identity.normalise import normalised_text
from agir_pipeline.resources.link_review import (
    NOTE,
    REVIEWER,
    TECHNICAL,
    answers_of,
    details_of,
    keep_answers,
    open_pairs,
    shown_fields,
    written_key,
)
from agir_pipeline.resources.study import Study

WIDTH = 34
"""Characters of a cell that are shown; a longer one is cut."""

Ask = Callable[[str], str]
Say = Callable[[str], None]


def review_in_terminal(study: Study, reviewer: str, ask: Ask, say: Say) -> tuple[int, int]:
    """Show each open pair and ask; gives how many were answered and how many still wait.

    An empty answer leaves a pair for later, ``q`` ends. What was answered before is kept. The
    caller holds the lock of the study.
    """
    rows = open_pairs(study)
    answers = list(answers_of(study.protocol).items())
    details, given = details_of(study, rows), []
    choices = ", ".join(f"{n} = {label}" for n, (label, _code) in enumerate(answers, 1))
    prompt = _("{choices}; empty = later, q = end").format(choices=choices)
    for number, row in enumerate(rows.to_dict("records"), 1):
        say(_("pair {n} of {total}").format(n=number, total=len(rows)))
        for line in _side_by_side(study, row, details):
            say(line)
        answer = _answer(ask, say, prompt, len(answers))
        if answer == "q":
            break
        if answer:
            note = ask(_("note (may be empty)")).strip()
            code = answers[int(answer) - 1][1]
            told = {name: written_key(row[name]) for name in TECHNICAL}
            given.append({**told, "code": code, REVIEWER: reviewer, NOTE: note})
    origin = "terminal"
    taken = {path.stem for path in study.home.decisions.glob("links_*.xlsx")}
    while f"links_{study.today.isoformat()}_{origin}" in taken:
        origin += "_more"
    keep_answers(study, given, study.today, origin)
    return len(given), len(rows) - len(given)


def _answer(ask: Ask, say: Say, prompt: str, n_choices: int) -> str:
    known = {"", "q", *(str(n) for n in range(1, n_choices + 1))}
    while (answer := ask(prompt).strip().lower()) not in known:
        say(_("that is none of the answers"))
    return answer


def _side_by_side(
    study: Study, row: Mapping[Any, Any], details: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[str]:
    """Both records, what differs marked; neither score nor who else it could be."""
    labels = {s.name: s.labels.in_language(current_language()) for s in study.protocol.sources}
    ends = [(row[f"source_{end}"], row[f"key_{end}"]) for end in "ab"]
    yield _line("", " ", *(labels[source] for source, _key in ends))
    yield _line(_("Key"), " ", *(written_key(key) for _source, key in ends))
    for name, label in shown_fields(study.protocol).items():
        told = [details.get(end, {}).get(name) for end in ends]
        values = ["" if value is None else str(value) for value in told]
        is_other = all(values) and len({normalised_text(value) for value in values}) > 1
        yield _line(label, "!" if is_other else " ", *values)


def _line(label: str, mark: str, one: str, other: str) -> str:
    cells = [_plain(cell)[:WIDTH] for cell in (one, other)]
    return f"{mark} {label[:24]:24} {cells[0]:{WIDTH}} {cells[1]}"


def _plain(text: str) -> str:
    """What a partner wrote, without what would steer the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
