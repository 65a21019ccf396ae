"""Windows over a text: whatever its length, all of it is scored."""


def windows(length: int, size: int = 260, stride: int = 130) -> list[tuple[int, int]]:
    """Character ranges `(start, end)` that cover a text of this length; the last one ends at its end.

    Raises:
        ValueError: the stride leaves something out, or nothing would move.
    """
    if not 0 < stride <= size:
        raise ValueError("Windows need 0 < stride <= size.")
    if length <= size:
        return [(0, length)]
    last = length - size
    return [(start, start + size) for start in (*range(0, last, stride), last)]
