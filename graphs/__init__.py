"""The wiring of the graph, and running it."""
