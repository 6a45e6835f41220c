"""The steps from each version of the record's tables to the next, as revisions of Alembic, one file a version.

Only Alembic loads these files, when a record has to be brought up to date (see ``migrating``). A step describes the
tables as they were then and uses nothing of ``catalog``, which describes them as they are now. There is no way back:
whoever needs the older version has a backup. CONTRIBUTING.md tells how a step is added.
"""

__all__: list[str] = []
