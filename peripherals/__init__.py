"""Parts: one file per part, named after it."""

__all__: list[str] = []
