"""Whether evidence supports a claim, judged without a language model."""
