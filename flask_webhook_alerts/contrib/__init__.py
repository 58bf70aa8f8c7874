"""Optional parts, each with an extra of its own. The core imports none of them by itself."""
