"""Real third-party images: built or published by others, run unmodified."""
