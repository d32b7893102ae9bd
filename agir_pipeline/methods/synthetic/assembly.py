"""Each source of the study as streams of files, with the days on which they are drawn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from agir_pipeline.methods.synthetic import ledgers, mobilisation, steward, support
from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.deliveries import (
    days_with_news,
    delivered_keys,
    month_ends,
)
from agir_pipeline.methods.synthetic.people import end_of_study
from agir_pipeline.methods.synthetic.streams import (
    Stream,
    answer_rows,
    beneficiary_rows,
    contract_rows,
    make_stream,
    pool_rows,
)
from agir_pipeline.methods.synthetic.timeline import Days
from agir_pipeline.methods.synthetic.world import World
from agir_pipeline.protocol.model import Protocol

KEY_COLUMNS = {
    "beneficiary_register": "case_number",
    "control_pool": "provider_ref",
    "contract_register": "contract_number",
}
DECISIONS = (
    steward.CORRECTIONS,
    steward.IDENTITIES,
    steward.CONSENTS,
    steward.MAPPINGS,
    steward.HOLDS,
    steward.DEPARTURES,
)
LEDGERS = (ledgers.CONTEXT, ledgers.COSTS)
Scheduled = tuple[Stream, Days]


@dataclass(frozen=True)
class Assembly:
    """``files`` come one by one; ``book`` are the sheets of the steward's workbook."""

    files: list[Scheduled]
    book: list[Stream]
    book_days: Days

    def delivered(self, sources: Iterable[str]) -> dict[str, frozenset[str]]:
        """For each of these sources, the keys that stand in its files."""
        wanted = set(sources) | set(KEY_COLUMNS)
        keys: dict[str, frozenset[str]] = {}
        for stream, days in self.files:
            if stream.source in wanted:
                found = delivered_keys(stream, days, KEY_COLUMNS.get(stream.source, "response_id"))
                keys[stream.source] = keys.get(stream.source, frozenset()) | found
        return keys


def assembled(protocol: Protocol, calibration: Calibration, world: World) -> Assembly:
    """All streams of the study. Those of the first sources come first: their delays are drawn."""
    shop = _Shop(protocol, calibration, world)
    book = [
        make_stream(protocol, calibration, source, "steward", world.tables[source])
        for source in DECISIONS
    ]
    return Assembly([*shop.people(), *shop.surveys(), *shop.logs()], book, shop.days(6))


class _Shop:
    """Makes the streams of one world."""

    def __init__(self, protocol: Protocol, calibration: Calibration, world: World) -> None:
        self.protocol, self.calibration, self.world = protocol, calibration, world
        self.first = calibration.history_from_on.value
        self.last = end_of_study(protocol).astype(object)

    def days(self, every: int) -> Days:
        return month_ends(self.first, self.last, every)

    def people(self) -> Iterator[Scheduled]:
        world, people = self.world, self.world.people
        first = world.register.query("kind == 'first'").set_index("person")["contract_number"]
        numbered = people.assign(contract_number=first.reindex(people.index))
        whole = self.days(1)
        register = beneficiary_rows(numbered, world.lived)
        yield self._stream("beneficiary_register", "cnam", register), whole
        contracts = contract_rows(world.register)
        yield self._stream("contract_register", "opca_export", contracts), whole
        # Lists of possible controls are asked for as long as somebody may still be matched.
        listing = month_ends(self.first, max(self.protocol.matching.instants))
        for provider in self.protocol.source("control_pool").providers:
            rows = pool_rows(
                people[people["provider"] == provider.name],
                world.lived,
                provider.frame == "present_on_date",
            )
            listed = self._stream("control_pool", provider.name, rows)
            yield listed, days_with_news(listed, listing)

    def surveys(self) -> Iterator[Scheduled]:
        for source, answers in self.world.answers.items():
            rows = answer_rows(answers)
            for provider in self.protocol.source(source).providers:
                is_own = rows.get("provider", pd.Series(provider.name, rows.index)) == provider.name
                yield self._with_news(source, provider.name, rows[is_own])

    def logs(self) -> Iterator[Scheduled]:
        tables = self.world.tables
        for number, provider in enumerate(self.protocol.source(support.SOURCE).providers, 1):
            rows = tables[support.SOURCE]
            yield self._with_news(support.SOURCE, provider.name, rows[rows["adviser"] == number])
        for source in (mobilisation.OUTREACH, mobilisation.COMMITTEES, *LEDGERS, "code_lists"):
            yield self._with_news(
                source, self.protocol.source(source).providers[0].name, tables[source]
            )

    def _stream(self, source: str, provider: str, rows: pd.DataFrame) -> Stream:
        return make_stream(self.protocol, self.calibration, source, provider, rows)

    def _with_news(self, source: str, provider: str, rows: pd.DataFrame) -> Scheduled:
        stream = self._stream(source, provider, rows)
        return stream, days_with_news(stream, self.days(stream.partner.every_months))
