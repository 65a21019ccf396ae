import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.offline.arithmetic import calculation


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("What is 17% of 340?", "340 * 17 / 100"),
        ("what is 12 * (3 + 4)", "12 * (3 + 4)"),
        ("3 plus 4", "3 + 4"),
        ("three plus four", "3 + 4"),
        ("what is seven times eight?", "7 * 8"),
        ("What is the average of 3, 5 and 10?", "(3 + 5 + 10) / 3"),
        ("sum of 3, 5 and 10", "3 + 5 + 10"),
        ("how much is 15% off 80", "80 * (100 - 15) / 100"),
        ("How much is 15% off an 80 EUR kettle?", "80 * (100 - 15) / 100"),
        ("add 19% to 80", "80 * (100 + 19) / 100"),
        ("80 minus 15%", "80 * (100 - 15) / 100"),
        ("Calculate 1,234.5 x 2", "1234.5 * 2"),
        ("3×4", "3 * 4"),
        ("3x4", "3 * 4"),
        ("what is 10 − 3", "10 - 3"),
        ("What's 12.50 € times 3?", "12.50 * 3"),
        ("100 divided by 8", "100 / 8"),
        ("what is the square root of 16?", "16 ** 0.5"),
        ("2^10", "2 ** 10"),
        ("half of 90", "90 / 2"),
        ("divide 10 by 4", "10 / 4"),
        ("What is 2 million * 3", "2000000 * 3"),
        ("(1+2)*3=", "(1+2)*3"),
        ("-5 + 3", "-5 + 3"),
    ],
)
def test_finds_a_calculation(text: str, expression: str) -> None:
    found = calculation(text)
    assert found is not None
    assert found.expression == expression


@pytest.mark.parametrize(
    "text",
    [
        "Are you open 24/7?",
        "what is 24/7 support",
        "Is shipping 2-3 days?",
        "10-15% discount",
        "What happened on 2024-05-01?",
        "2024-05-01",
        "12/05/2024",
        "Call +49 30 1234567",
        "call 555-1234",
        "What is COVID-19?",
        "Where is order WR-1042?",
        "What is 9/11?",
        "version 1.2.3",
        "192.168.0.1",
        "What is ISO 9001-2015?",
        "5% of perinatal mortality is due to low birth weight.",
        "17% of 340 patients responded to treatment with the drug.",
        "How many of the 1,000 people in the UK carry vCJD?",
        "What is the 30-day return window?",
        "what is a 50/50 chance of rain",
        "what is one thing to know",
        "half of the patients",
        "What is 17% 340?",
        "",
        "1 + " * 200,
    ],
)
def test_numbers_alone_are_no_calculation(text: str) -> None:
    assert calculation(text) is None


def test_phrase_is_what_the_user_wrote_unless_its_numbers_were_rewritten() -> None:
    asked = ("What is 17% of 340?", "divide 10 by 4", "What is 2 million * 3")
    assert [found.phrase for text in asked if (found := calculation(text))] == [
        "17% of 340",
        "10 / 4",
        "2000000 * 3",
    ]


@given(st.text(alphabet="0123456789 .,+-*/%()x^abcwhatisofplus€", max_size=60))
def test_an_expression_holds_numbers_and_operators_only(text: str) -> None:
    if found := calculation(text):
        assert set(found.expression) <= set("0123456789.+-*/%() ")
