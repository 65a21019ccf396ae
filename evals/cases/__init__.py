"""Cases: what is asked of an agent and what is expected of its run; datasets of them."""
