"""A thin client of the HTTP API: what a program says to a limner server, in Python, and the types of what it answers.

Imports nothing of limner, so that the folder can be copied into any project that has httpx.
"""

from .connection import LimnerClient, OnProgress, ProblemError

__all__ = ["LimnerClient", "OnProgress", "ProblemError"]
