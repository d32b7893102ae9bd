"""The lists of codes as the project hands them to its partners: those of the protocol."""

import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.streams import NOTHING
from agir_pipeline.protocol.model import Protocol


def code_list_rows(protocol: Protocol, calibration: Calibration) -> pd.DataFrame:
    """One row per code of every coded column, in the order of the protocol."""
    start = pd.Timestamp(calibration.history_from_on.value)
    rows = [
        {
            "list_name": f"{source.name}.{column.name}",
            "code_value": code.code,
            "label_fr": code.labels.fr,
            "label_en": code.labels.en,
            "spellings": " | ".join(code.aliases),
            "convention": "1969" if column.name.endswith("_level") else "",
        }
        for source in protocol.sources
        for column in source.columns
        for code in column.codes
    ]
    return pd.DataFrame(rows).assign(
        valid_from_on=start, valid_to_on=NOTHING, shown_from=start, shown_until=NOTHING
    )
