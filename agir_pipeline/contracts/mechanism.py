"""Tables of the mechanism: the support given, links, postures, risks, what came after."""

from collections.abc import Mapping
from dataclasses import replace

from agir_pipeline.contracts.beside import CLAIMS
from agir_pipeline.contracts.employment import NAMED, employment_contracts
from agir_pipeline.contracts.model import Column, TableContract, Text
from agir_pipeline.contracts.support import support_contracts
from agir_pipeline.contracts.words import (
    PERSONS,
    coded,
    count,
    flag,
    number,
    points,
    share,
    spelled,
    text,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.mechanism import Named
from agir_pipeline.protocol.model import Mechanism, Protocol

CONTRASTS: Mapping[str, Text] = {
    "all": mark("All pairs at risk on the landmark"),
    "by_dose": mark("Pairs by the interviews the beneficiary had reached"),
    "by_link": mark("Pairs by the link as the beneficiary told it"),
    "link_total": mark("Total difference, among pairs that told the link"),
    "link_through": mark("Part that goes through the link"),
    "link_beside": mark("Part beside the link"),
}
ON_SCALE = {"unit": "points of the scale", "minimum": 0, "maximum": 100}

WORDS = {
    **PERSONS,
    **vocabulary(
        count("n_persons", mark("Persons"), mark("Members of pairs that count")),
        share("share", mark("Share"), mark("Of those who told")),
        share("ci_low", mark("Lower limit"), mark("Of the share; Wilson")),
        share("ci_high", mark("Upper limit"), mark("Of the share; Wilson")),
        count("n_told", mark("Persons who told"), mark("Of the arm; of them the share is taken")),
        number("link_score", mark("Link index"), mark("Mean of the dimensions told"), **ON_SCALE),
        count("n_parties", mark("Who contributed"), mark("Parties that answered")),
        flag("is_partial", mark("Partial"),
             mark("A dimension was told by nobody; nothing is imputed")),
        flag("is_before_early_end", mark("Before any early end"),
             mark("Empty where the contract of the pair is not linked")),
        count("n_actors", mark("Institutions met"),
              mark("Present in an interview by then; nobody logs it of controls")),
        number("synergy", mark("Synergy"),
               mark("Link index times institutions met; describes beneficiaries alone"),
               minimum=0),
        number("shift_points", mark("Limits moved by"),
               mark("The limits of the classes are conventions"), unit="points of the scale"),
        count("n_compared", mark("Compared"), mark("With both of what is compared")),
        number("mean_change", mark("Mean change"), mark("Of the items all versions ask alike"),
               unit="points of the scale"),
        number("difference", mark("Difference of the changes"),
               mark("Beneficiaries minus controls"), unit="points of the scale"),
        number("difference_ci_low", mark("Difference, lower limit"),
               mark("Answers of one respondent taken together"), unit="points of the scale"),
        number("difference_ci_high", mark("Difference, upper limit"),
               mark("Answers of one respondent taken together"), unit="points of the scale"),
        count("n_answers", mark("Answers"), mark("With an item of the scale")),
        count("n_items", mark("Items"), mark("Asked alike in every version")),
        number("alpha", mark("Cronbach's α"), mark("Of those who answered every item")),
        number("omega", mark("McDonald's ω"), mark("One common factor; three items and more")),
        number("icc_single", mark("ICC(2,1)"), mark("Agreement of single parties on a triad")),
        number("icc_mean", mark("ICC(2,k)"), mark("Agreement of the mean of the parties")),
        number("krippendorff_alpha", mark("Krippendorff's α"),
               mark("Triads told by two parties and more; interval data")),
        count("n_start", mark("Answers at the start"), mark("Of the arm")),
        count("n_end", mark("Answers at the end"), mark("Of the arm")),
        number("mean_start", mark("Mean at the start"), mark("Everybody who answered"),
               **ON_SCALE),
        number("mean_end", mark("Mean at the end"), mark("Everybody who answered"), **ON_SCALE),
        share("wilcoxon_p", mark("Wilcoxon, p-value"),
              mark("Signed ranks of the changes; empty in interim releases")),
        number("reliability", mark("Reliability"), mark("α at the start, both arms")),
        share("share_improved", mark("Share improved"), mark("By the reliable-change index")),
        share("share_deteriorated", mark("Share worse"), mark("By the reliable-change index")),
        count("n_with", mark("With the risk"), mark("Of those who told")),
        count("n_at_landmark", mark("Told and at risk"),
              mark("Of those who told by the landmark, both of the pair at risk on it")),
        count("n_with_at_landmark", mark("Of them, with the risk"), mark("As told at entry")),
        share("event_risk_with", mark("Event with the risk"), mark("By the primary horizon")),
        share("event_risk_without", mark("Event without"), mark("By the primary horizon")),
        points("difference_points", mark("Difference"), mark("In points; see the method")),
        points("standard_error_points", mark("Standard error"), mark("Of the difference")),
        points("ci_low_points", mark("Lower limit"), mark("Of the difference")),
        points("ci_high_points", mark("Upper limit"), mark("Of the difference")),
        number("risk_ratio", mark("Risk ratio"), mark("With the risk over without"), minimum=0),
        number("risk_ratio_low", mark("Risk ratio, lower limit"), mark("On the log scale"),
               minimum=0),
        number("risk_ratio_high", mark("Risk ratio, upper limit"), mark("On the log scale"),
               minimum=0),
        text("outcome", mark("Outcome"), NAMED),
        text("definition", mark("Definition"), NAMED),
        count("horizon_days", mark("Horizon"), mark("Counted from the index date"), unit="days"),
        count("landmark_days", mark("Landmark"), mark("Counted from the index date"), unit="days"),
        coded("contrast", mark("What is compared"), CONTRASTS, mark("Nothing of it is causal")),
        text("level", mark("Level"), mark("Class of dose or link")),
        count("n", mark("Pairs"), mark("Both members at risk on the landmark")),
        count("n_complete_pairs", mark("Complete pairs"), mark("Both members known")),
        share("risk_beneficiary", mark("Risk of beneficiaries"), mark("After the landmark")),
        share("risk_control", mark("Risk of controls"), mark("After the landmark")),
        coded("claim", mark("What the row may claim"), CLAIMS, mark("Exploratory, all of it")),
        text("method", mark("Method"), mark("How the figures of the row were computed")),
    ),
}  # fmt: skip


def mechanism_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of each of these tables that the protocol asks for, by name."""
    tables: list[TableContract] = []
    if protocol.employment:
        tables += employment_contracts(protocol, protocol.employment)
    if mechanism := protocol.mechanism:
        if mechanism.support:
            tables += support_contracts(protocol, mechanism.support)
        tables += [_link_index(mechanism), _transitions(mechanism), _reliability(mechanism),
                   _posture(mechanism), _risks(protocol, mechanism), _landmark()]  # fmt: skip
    return {table.name: table for table in tables}


def _labels(named: tuple[Named, ...]) -> dict[str, Text]:
    return {one.name: one.labels for one in named}


def _link_index(mechanism: Mechanism) -> TableContract:
    scale = next(one for one in mechanism.scales if one.name == mechanism.link.scale)
    dimensions = [
        number(one.name, one.labels, mark("Mean of the parties that told it"), **ON_SCALE)
        for one in scale.dimensions
    ]
    parties = [
        flag(f"has_{party.name}", party.labels, mark("Answered")) for party in mechanism.parties
    ]
    own = " ".join(f"{column.name}?" for column in dimensions)
    together = "n_actors? synergy?" if mechanism.support else ""
    who = " ".join(column.name for column in parties)
    return TableContract(
        "link_index",
        mark("The link of each triad, and who contributed to it"),
        spelled(
            WORDS,
            f"""person_id pair_id arm moment {own} link_score link_class {who} n_parties is_partial
            is_before_early_end? {together}""",
            *dimensions,
            *parties,
            _moment(mechanism),
            coded("link_class", mark("Class"), _classes(mechanism), mark("By conventional limits")),
        ),
        ("pair_id", "arm", "moment"),
    )


def _moment(mechanism: Mechanism) -> Column:
    return coded("moment", mark("Moment"), _labels(mechanism.moments), NAMED)


def _classes(mechanism: Mechanism) -> dict[str, Text]:
    return {one.name: one.labels for one in mechanism.link.classes}


def _transitions(mechanism: Mechanism) -> TableContract:
    classes, by_limit = _classes(mechanism), mark("By conventional limits")
    return TableContract(
        "link_transitions",
        mark("Links from their class at the start to that at the end"),
        spelled(
            WORDS,
            """shift_points arm class_start class_end n_persons n_compared mean_change? ci_low?
            ci_high? difference? difference_ci_low? difference_ci_high? claim method""",
            coded("class_start", mark("Class at the start"), classes, by_limit),
            coded("class_end", mark("Class at the end"), classes, by_limit),
            *_of_change(),
        ),
        ("shift_points", "arm", "class_start", "class_end"),
    )


def _of_change() -> tuple[Column, Column]:
    unit = "points of the scale"
    return (
        number("ci_low", mark("Lower limit"), mark("Of the mean change"), unit=unit),
        number("ci_high", mark("Upper limit"), mark("Of the mean change"), unit=unit),
    )


def _reliability(mechanism: Mechanism) -> TableContract:
    together: dict[str, Text] = {"together": mark("The parties of a triad, together")}
    return TableContract(
        "scale_reliability",
        mark("How far the scales can be relied on"),
        spelled(
            WORDS,
            """scale party moment n_answers n_items? alpha? omega? n_compared? icc_single? icc_mean?
            krippendorff_alpha?""",
            coded("scale", mark("Scale"), {s.name: s.labels for s in mechanism.scales}, NAMED),
            coded("party", mark("Party"), {**_labels(mechanism.parties), **together}, NAMED),
            _moment(mechanism),
        ),
        ("scale", "party", "moment"),
    )


def _posture(mechanism: Mechanism) -> TableContract:
    return TableContract(
        "posture_change",
        mark("How the scales of each party change, start to end"),
        spelled(
            WORDS,
            """scale party arm n_start n_end mean_start? mean_end? n_compared mean_change? ci_low?
            ci_high? wilcoxon_p? reliability? share_improved? share_deteriorated? difference?
            difference_ci_low? difference_ci_high? claim method""",
            coded("scale", mark("Scale"), {s.name: s.labels for s in mechanism.scales}, NAMED),
            coded("party", mark("Party"), _labels(mechanism.parties), NAMED),
            *_of_change(),
        ),
        ("scale", "party", "arm"),
    )


def _risks(protocol: Protocol, mechanism: Mechanism) -> TableContract:
    """As sensitive as the most sensitive answer that tells a risk."""
    used = {
        name
        for risk in mechanism.risks
        for name in (*risk.rule.codes, *risk.rule.minimum, *risk.rule.above)
    }
    is_sensitive = any(
        column.name in used and column.sensitivity == "sensitive"
        for source in protocol.feeding("answer")
        for column in source.columns
    )
    columns = spelled(
        WORDS,
        """risk_factor arm moment n_told n_with share ci_low ci_high n_at_landmark?
        n_with_at_landmark? event_risk_with? event_risk_without? difference_points?
        ci_low_points? ci_high_points?
        risk_ratio? risk_ratio_low? risk_ratio_high? claim method""",
        coded("risk_factor", mark("Risk"), {r.name: r.labels for r in mechanism.risks}, NAMED),
        _moment(mechanism),
    )
    if is_sensitive:
        told = {"n_with", "share", "n_with_at_landmark"}
        columns = tuple(
            replace(column, sensitivity="sensitive") if column.name in told else column
            for column in columns
        )
    return TableContract(
        "risk_factors",
        mark("What was held to put a path at risk, and what came after"),
        columns,
        ("risk_factor", "arm", "moment"),
    )


def _landmark() -> TableContract:
    return TableContract(
        "landmark_effects",
        mark("The effect after a landmark: by dose, by link, through it"),
        spelled(
            WORDS,
            """outcome definition horizon_days landmark_days contrast level n n_complete_pairs
            risk_beneficiary? risk_control? difference_points? standard_error_points?
            ci_low_points? ci_high_points? claim method""",
        ),
        ("outcome", "definition", "landmark_days", "contrast", "level"),
    )
