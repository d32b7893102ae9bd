"""The lists of codes as the project hands them to its partners: those of the protocol."""

import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.streams import NOTHING
from agir_pipeline.protocol.model import Protocol


def code_list_rows(protocol: Protocol, calibration: Calibration) -> pd.DataFrame:
    """One row per code of every coded column, in the order of the protocol."""
    start = pd.Timestamp(calibration.history_from_on.value)
    opened = {source.name: start for source in protocol.sources}
    # Lists are handed out when their source opens: the last survey a year on, decisions later.
    for source in protocol.sources:
        if source.wave == "tf":
            opened[source.name] = start + pd.DateOffset(years=1)
        elif source.feeds == "decision":
            opened[source.name] = start + pd.DateOffset(months=10)
    rows = [
        {
            "list_name": f"{source.name}.{column.name}",
            "code_value": code.code,
            "wording_fr": code.labels.fr,
            "wording_en": code.labels.en,
            "spellings": " | ".join(code.aliases),
            "valid_from_on": opened[source.name],
            "convention": "1969" if column.name.endswith("_level") else "",
        }
        for source in protocol.sources
        for column in source.columns
        for code in column.codes
    ]
    lists = pd.DataFrame(rows)
    return lists.assign(valid_to_on=NOTHING, shown_from=lists["valid_from_on"], shown_until=NOTHING)
