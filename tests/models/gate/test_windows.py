from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gate.windows import windows


@given(st.integers(0, 5_000), st.integers(1, 400), st.integers(1, 400))
def test_windows_leave_nothing_out_and_the_last_ends_where_the_text_ends(length, size, stride):
    if stride > size:
        with pytest.raises(ValueError, match="stride"):
            windows(length, size, stride)
        return
    found = windows(length, size, stride)
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert all(end - start == min(size, length) for start, end in found)
    assert all(0 < later - earlier <= stride for (earlier, _), (later, _) in pairwise(found))


def test_a_short_text_is_one_window_and_a_long_one_overlaps_by_half():
    assert windows(0) == [(0, 0)]
    assert windows(260) == [(0, 260)]
    assert windows(261) == [(0, 260), (1, 261)]
    assert windows(500) == [(0, 260), (130, 390), (240, 500)]
