"""What is known: plain typed values, settings, policy, errors and the store."""
