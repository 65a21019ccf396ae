"""Reports: a suite's runs as one self-contained page."""
