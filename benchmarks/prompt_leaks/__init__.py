"""How well leaks of instructions are told from answers."""
