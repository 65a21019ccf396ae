"""The airline of τ-bench (Yao et al. 2024, arXiv:2406.12045): its tools, and a replay of recorded runs."""
