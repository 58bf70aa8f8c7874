"""Hold the typed contract: what users may write, and what type checkers must refuse."""
