import pandas as pd


def test_x(database):
    f = pd.DataFrame({"a": [1, None], "b": ["x", None]}).convert_dtypes()
    with database.transaction() as c:
        database.replace(c, "linked", "p", f)
        print(database.read(c, "linked", "p", "a = :v", {"v": 1}))
    print(database.read(None, "linked", "p").dtypes)
