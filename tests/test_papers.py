from semg_lib.papers import PAPERS, by_year


def test_papers_stand_in_order_of_their_years():
    names = ["ding2018", "wei2019a", "zhai2017", "wei2019b", "atzori2016", "allard2019"]
    assert sorted(names, key=by_year) == [
        "atzori2016", "zhai2017", "ding2018", "allard2019", "wei2019a", "wei2019b",
    ]  # fmt: skip
    assert list(PAPERS) == sorted(PAPERS, key=by_year)
