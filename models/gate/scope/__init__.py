"""Whether a request is one of those that the assistant is for, judged by examples."""
