"""What changed between two pulls: new, edited, re-opened and deleted responses."""

from agir_pipeline.methods.reading.pull_changes import pull_changes

HEADER = "id;submitdate;lastpage;datestamp;CIV\n"
BEFORE = HEADER + (
    "1;2010-11-05;3;d1;F\n2;2010-11-05;3;d1;H\n3;2010-11-05;3;d1;F\n4;;1;d1;\n5;2010-11-05;3;d1;H\n"
    "6;2010-11-05;;d1;H\n"
)
AFTER = HEADER + (
    "1;2010-11-05;3;d1;F\n2;2010-11-05;3;d1;NSP\n3;2010-11-05;1;d2;F\n4;2010-11-06;3;d2;H\n"
    "6;;;d1;H\n7;;1;d2;\n\n"
)


def test_each_response_is_told_by_what_happened_to_it() -> None:
    """An edit by the server's own interface moves no instant; a re-opened one stays submitted."""
    found = pull_changes(BEFORE.encode(), AFTER.encode())
    assert (found.new, found.edited) == (["7"], ["2", "4"])
    assert (found.reopened, found.deleted) == (["3", "6"], ["5"])
    assert found.counts == {"new": 1, "edited": 2, "reopened": 2, "deleted": 1}
    assert found.share_lost == 1 / 6


def test_a_column_that_came_edits_nobody() -> None:
    wider = BEFORE.replace("CIV\n", "CIV;NEW\n").replace(";F\n", ";F;x\n").replace(";H\n", ";H;x\n")
    wider = wider.replace("4;;1;d1;\n", "4;;1;d1;;\n")
    assert not any(pull_changes(BEFORE.encode(), wider.encode()).counts.values())


def test_the_first_responses_are_all_new() -> None:
    found = pull_changes(HEADER.encode(), BEFORE.encode())
    assert len(found.new) == 6
    assert found.share_lost == 0
    assert not any(pull_changes(BEFORE.encode(), BEFORE.encode()).counts.values())
