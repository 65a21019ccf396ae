"""Personal data by kind: by check digits, by a form of its own, or by a label."""
