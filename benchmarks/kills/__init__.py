"""Kills limner at random moments of everything that it does, and looks at what is left."""
