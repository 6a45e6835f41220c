"""Personal data in the text of events: finds it, marks it, masks it, or puts pseudonyms in its place."""

__all__: list[str] = []
