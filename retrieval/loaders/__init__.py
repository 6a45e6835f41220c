"""Loaders for what other programs export, one file each: workbooks, tickets, chats, mail, databases.

Each turns its format into the same stream of rows (see ``retrieval.rows``); none knows events or the store.
"""

__all__: list[str] = []
