"""AgentDojo's texts about hotels, restaurants, cars and flights as records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agentdojo.travel import OUTPUT_SCHEMAS, PARSERS, adapt
from state.schema import Json, violations

SAID = {
    "get_all_hotels_in_city": "Hotel Names: Le Marais Boutique\nGood Night\n",
    "get_all_restaurants_in_city": "Restaurant in Paris: Breizh Café\n",
    "get_all_car_rental_companies_in_city": "Car Rental Companies in Rome: \n",
    "get_rating_reviews_for_hotels": {"Good Night": "Rating: 5.0\nReviews: Quiet.\nRating: 1.0"},
    "get_hotels_prices": {"Good Night": "Price range: 240.0 - 400.0"},
    "check_restaurant_opening_hours": {
        "A": "11:00 AM - 10:00 PM, open every day",
        "B": "12:00 PM - 2:00 PM, open on Mondays, Tuesdays",
    },
    "get_flight_information": "Airline: EasyJet, Flight Number: EJ789, Departure Time: 2024-05-16 15:00:00, "
    "Arrival Time: 2024-05-16 17:00:00, Price: 150.0, Contact Information: Phone: +44 987654321",
}
RECORDS = {
    "get_all_hotels_in_city": ["Le Marais Boutique", "Good Night"],
    "get_all_restaurants_in_city": ["Breizh Café"],
    "get_all_car_rental_companies_in_city": [],
    "get_rating_reviews_for_hotels": {"Good Night": {"rating": 5.0, "reviews": ["Quiet.", "Rating: 1.0"]}},
    "get_hotels_prices": {"Good Night": {"min": 240.0, "max": 400.0}},
    "check_restaurant_opening_hours": {
        "A": {
            "text": "11:00 AM - 10:00 PM, open every day",
            "days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        },
        "B": {"text": "12:00 PM - 2:00 PM, open on Mondays, Tuesdays", "days": ["Monday", "Tuesday"]},
    },
    "get_flight_information": [
        {
            "airline": "EasyJet",
            "flight_number": "EJ789",
            "departure_time": "2024-05-16T15:00:00",
            "arrival_time": "2024-05-16T17:00:00",
            "price": 150.0,
            "contact_information": "Phone: +44 987654321",
        }
    ],
}


@pytest.mark.parametrize("name", SAID)
def test_texts_become_records_of_the_schema(name: str) -> None:
    found = adapt(name, SAID[name])
    assert found == RECORDS[name]
    assert violations(OUTPUT_SCHEMAS[name], found) == []


def test_every_parser_has_a_schema() -> None:
    assert PARSERS.keys() <= OUTPUT_SCHEMAS.keys()


@given(st.lists(st.text(), min_size=1))
def test_no_review_states_another_rating_and_none_is_lost(reviews: list[str]) -> None:
    text = "Rating: 4.2\nReviews: " + "\n".join(reviews)
    found: Json = adapt("get_rating_reviews_for_hotels", {"City Hub": text})
    assert found["City Hub"]["rating"] == 4.2
    assert "\n".join(found["City Hub"]["reviews"]) == "\n".join(reviews)


def test_a_text_of_another_form_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"0\.1\.35"):
        adapt("get_hotels_prices", {"City Hub": "from 100"})
