"""A new key of persons: everybody gets another pseudonym, and nothing that joins them is lost.

What joins lies under anchors (links, decisions, rounds), never under pseudonyms, so the key that is
in use decides alone. The switch is one file renamed; the vault's own table of links follows in one
transaction, and what a kill leaves undone the next run makes anew, since the keys are part of the
state of every step.
"""

from agir_pipeline.resources.home import Home


def rotate_keys(home: Home) -> int:
    """Put a new key in use; gives its number. The caller holds the lock of the study.

    Raises:
        UsageError: the next key is missing in the environment, or is weak.
    """
    keys, vault = home.keys, home.vault()
    epoch = keys.rotate()
    with vault.transaction() as connection:
        anchors = [row[0] for row in connection.execute("select distinct anchor from links")]
        connection.executemany(
            "update links set person_id = ? where anchor = ?",
            [(keys.person_id(anchor), anchor) for anchor in anchors],
        )
    home.note("rotated", f"k{epoch}")
    return epoch
