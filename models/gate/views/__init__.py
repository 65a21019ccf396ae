"""What a model would read in a text: the text folded, and what is written in it in other ways."""
