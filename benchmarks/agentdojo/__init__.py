"""AgentDojo v1.2.2 through the real graph, with an ideal planner and a model that obeys every injection."""
