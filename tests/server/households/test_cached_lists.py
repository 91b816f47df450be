"""What a process keeps of lists for phones: never more bytes than it may, and what is asked for most."""

import random

from hypothesis import given
from hypothesis import strategies as st

from server.households.cached_lists import KeptLists


def _list(number: int, size: int = 1_000) -> bytes:
    """Cannot be packed to less."""
    return random.Random(number).randbytes(size)


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.integers(0, 3_000)), max_size=40))
def test_what_is_found_was_kept_last_under_that_mark_and_room_is_never_exceeded(
    kept: list[tuple[int, str, int]],
) -> None:
    lists, last = KeptLists(5_000), dict[int, tuple[str, bytes]]()
    for of, mark, size in kept:
        lists.keep(of, mark, _list(size, size))
        last[of] = mark, _list(size, size)
        assert lists.size <= 5_000
        assert lists.find(of, mark) == _list(size, size)
        for each, (its_mark, content) in last.items():
            assert lists.find(each, its_mark) in (None, content)
            assert lists.find(each, f"{its_mark} no more") is None


def test_those_that_nobody_asked_for_the_longest_go_first() -> None:
    lists = KeptLists(3_100)
    for number in range(3):
        lists.keep(number, "a", _list(number))
    assert lists.find(0, "a") == _list(0)
    lists.keep(3, "a", _list(3))
    assert [lists.find(number, "a") is not None for number in range(4)] == [True, False, True, True]


def test_one_that_is_larger_than_the_room_takes_no_others_place() -> None:
    lists = KeptLists(3_100)
    lists.keep(0, "a", _list(0))
    lists.keep(1, "a", _list(1, 4_000))
    assert lists.find(0, "a") == _list(0)
    assert lists.find(1, "a") is None


def test_a_list_for_phones_is_packed_to_a_fraction() -> None:
    lists = KeptLists()
    lists.keep(0, "a", b"uuid,Nguy\xe1\xbb\x85n V\xc4\x83n A,1,11629001,Ng\xc3\xb5 3\n" * 1_000)
    assert lists.size < 5_000
