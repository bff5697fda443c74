"""Board twins."""
