"""The offline model: plans by rule and answers with sentences of the evidence; no language model, no key."""
