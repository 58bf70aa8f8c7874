"""Run what pages show: README and everything in docs, from top to bottom, as a reader would."""
