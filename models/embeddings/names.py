"""Embedding models by name: `minilm`, or any model that LangChain can build."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.chat import ModelError
from models.embeddings.minilm import MiniLM, readable
from state.errors import UsageError

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

DEFAULT = MiniLM.name
KNOWN = (
    f"Use {DEFAULT}, or provider:model with a provider of LangChain (openai, azure_openai, ollama, cohere, "
    "mistralai, google_genai, google_vertexai, bedrock, huggingface), its package installed and its key set."
)


class Embedder(Protocol):
    """An embedding model. It blocks and is thread-safe: async code calls it in a thread."""

    @property
    def name(self) -> str:
        """The name that `resolve` takes; an index remembers it."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (n, dimensions), each of norm 1.

        Raises:
            ModelError: the model could not be reached or gave something other than n vectors.
        """
        ...


class LangChainEmbedder:
    """A LangChain embedding model; documents and queries are embedded the same way."""

    def __init__(self, name: str, model: "Embeddings") -> None:
        self.name = name
        self._model = model

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector, which only the model can tell: the first use embeds one word."""
        return int(self.embed(["length"]).shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors as the model gives them, scaled to norm 1."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        try:
            answer = self._model.embed_documents([readable(text) for text in texts])
        except Exception as error:  # each provider has its own family of exceptions
            raise ModelError(
                f"The embedding model {self.name} failed: {error}.",
                "Check its key, its address and its limits.",
            ) from error
        return normalised(self.name, answer, len(texts))


def normalised(name: str, answer: list[list[float]], count: int) -> NDArray[np.float32]:
    """The vectors as rows of norm 1."""
    lengths = {len(vector) for vector in answer}
    vectors = np.array(answer, np.float32) if len(lengths) == 1 else np.empty((0, 0), np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if len(vectors) != count or not np.all(np.isfinite(norms) & (norms > 0)):
        raise ModelError(
            f"The embedding model {name} did not give {count} usable vectors of one length.",
            "Check the model's name.",
        )
    return np.asarray(vectors / norms, np.float32)


def resolve(name: str = DEFAULT) -> Embedder:
    """The embedding model of this name; provider keys and addresses are those that its SDK reads.

    Raises:
        UsageError: no such model, its package is not installed, or its key is missing.
    """
    if name == DEFAULT:
        return MiniLM()
    from langchain.embeddings import init_embeddings

    try:
        return LangChainEmbedder(name, init_embeddings(name, **options(name)))
    except Exception as error:  # each provider has its own family of exceptions
        raise UsageError(f"The embedding model {name!r} cannot be used: {error}.", KNOWN) from error


def options(name: str) -> dict[str, Any]:
    """Arguments that a provider needs beside the name."""
    # By default texts are cut with tiktoken, which downloads its tables, and sent as OpenAI's token ids.
    return {"check_embedding_ctx_length": False, "timeout": 60} if name.startswith("openai:") else {}
