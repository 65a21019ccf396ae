"""The second stage for tool results: a small transformer, run on the windows that the n-grams leave open."""
