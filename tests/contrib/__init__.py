"""The optional parts on libraries that a host may have already."""
