"""bm25s and tantivy, as their own first examples use them: English stop words or stemming included."""

import re
from typing import Any

from benchmarks.retrieval.system import RANKED, Corpus, Searching
from evals.retrieval.metrics import Found

SIGN = re.compile(r"[^\w\s]")


def bm25s(corpus: Corpus) -> Searching:
    import bm25s as library
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    options: dict[str, Any] = {"stopwords": "en", "stemmer": stemmer, "show_progress": False}
    model = library.BM25()
    model.index(library.tokenize([text.content for text in corpus.texts], **options), show_progress=False)
    count = min(RANKED, len(corpus.texts))

    def rank(query: str) -> list[Found]:
        rows, scores = model.retrieve(library.tokenize([query], **options), k=count, show_progress=False)
        return [corpus.texts[row].found for row, score in zip(rows[0], scores[0], strict=True) if score > 0]

    return Searching(rank, rank)


def tantivy(corpus: Corpus) -> Searching:
    import tantivy as library

    builder = library.SchemaBuilder()
    builder.add_integer_field("row", stored=True)
    builder.add_text_field("text", tokenizer_name="en_stem", index_option="freq")
    index = library.Index(builder.build(), path=str(corpus.folder))
    writer = index.writer()
    for row, text in enumerate(corpus.texts):
        writer.add_document(library.Document(row=row, text=text.content))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def rank(query: str) -> list[Found]:
        # In its query language a colon names a field, and a hyphen excludes a word.
        parsed = index.parse_query(SIGN.sub(" ", query).lower(), ["text"])
        hits = searcher.search(parsed, RANKED).hits
        return [corpus.texts[searcher.doc(address)["row"][0]].found for _, address in hits]

    return Searching(rank, rank)
