"""Words of other languages: a document and a query meet, and English stays what it was."""

# ruff: noqa: E501 - a pair stands on one line

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import terms

MEET = [
    ("german", "Die Rückgabe ist innerhalb von 30 Tagen möglich, die Kosten trägt der Käufer.", "Rückgabe Kosten"),
    ("german", "Wir nehmen alle Rückgaben an, wenn sie nicht benutzt sind.", "Wie kann ich eine Rückgabe machen?"),
    ("german", "Die Größe der Maschine ist auf dem Etikett zu finden.", "groesse GRÖSSE"),
    ("french", "Les frais de livraison sont à la charge de l'acheteur dans ce cas.", "frais de la livraison pour les acheteurs"),
    ("spanish", "Las devoluciones son gratis para los clientes que las piden en la tienda.", "cliente"),
    ("dutch", "De machines worden niet meer door ons gemaakt, en dat is wat wij ook zeggen.", "machine"),
    ("swedish", "Det är inte bara maskinerna som vi har på lagret, utan också delarna till dem.", "maskinerna"),
    ("portuguese", "As devoluções são feitas pela loja e não pelos clientes que as pedem.", "devoluções"),
    ("russian", "Возврат товаров возможен в течение тридцати дней.", "товар"),
    ("greek", "Οι επιστροφές γίνονται δεκτές", "επιστροφές"),
    ("arabic", "يمكن إرجاع المنتجات خلال ثلاثين يوما", "المنتجات"),
    ("chinese", "三十天内可以退货。", "退货"),
    ("japanese", "返品は三十日以内にできます。", "返品"),
    ("korean", "반품은 30일 이내에 가능합니다", "반품"),
    ("thai", "คืนสินค้าได้ภายในสามสิบวัน", "สินค้า"),
    ("turkish", "İstanbul", "istanbul"),
    ("code", "Call `getUserName()` or set order_status to WR-1042.", "user name"),
    ("code", "Call `getUserName()` first.", "getUserName"),
    ("code", "Set order_status to WR-1042.", "wr-1042"),
]  # fmt: skip


NAMED = [
    ("german", "Für die Lieferungen ins Ausland gelten andere Preise.", "Lieferung"),
    ("french", "Le café est livré dans toute la région et les îles.", "cafe"),
    ("italian", "Le macchine sono nella scatola che si trova sul tavolo con gli altri.", "macchina"),
]
"""A single word tells no language: other forms of it meet only if the caller names one."""


@pytest.mark.parametrize(("_language", "document", "query"), MEET)
def test_a_document_and_a_query_meet(_language: str, document: str, query: str) -> None:
    assert set(terms(document)) & set(terms(query))


@pytest.mark.parametrize(("language", "document", "query"), NAMED)
def test_other_forms_of_a_single_word_meet_in_a_named_language(
    language: str, document: str, query: str
) -> None:
    assert set(terms(document)) & set(terms(query, language))


@pytest.mark.parametrize(
    "text",
    [
        "The customers' returns of machines in the U.S., e.g. WR-1042 (CD3γ, TNF-α, naïve café)",
        "de novo synthesis in vitro",
        "electron tube",
        "Die casting of an alloy",
        "Returns: 1,000.50 EUR in São Paulo and Köln",
        "mRNA preNeu JavaScript TiO2",
    ],
)
def test_english_is_analysed_as_english(text: str) -> None:
    assert terms(text) == terms(text, "english")


def test_english_terms_are_what_they_were() -> None:
    assert terms("Returned parcels of Naïve café-owners: 1,000.50 EUR, v3.11; order_status, e.g. TNF-α2") == [
        "return", "parcel", "naïv", "café", "owner", "1", "000.50", "000", "50", "eur", "v3.11", "v3", "11",
        "order_status", "order", "status", "e", "g", "tnf-α2", "tnf", "α2",
    ]  # fmt: skip


def test_stop_words_of_the_language_are_left_out() -> None:
    found = terms("Die Kosten der Lieferung trägt der Käufer, und das ist auch so.")
    assert not {"die", "der", "und", "das", "ist"} & set(found)


@given(st.text(max_size=200))
def test_terms_are_the_same_for_equivalent_texts(text: str) -> None:
    found = terms(text)
    assert found == terms(text) == terms(normalize("NFKC", text))
    assert all(found)


@given(st.text(max_size=50), st.sampled_from(["german", "turkish", "russian", "english", "finnish"]))
def test_a_language_can_be_named(text: str, language: str) -> None:
    assert all(terms(text, language))
