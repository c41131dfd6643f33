"""What a clinic keeps: people, consultations, plans, consent, and the trail of who did what.

The rooms stand in this order: `upkeep` looks after a whole database, `desk` is what one member of one clinic sees and
does, `people` lets members in, `store` holds rows, files and keys. Nothing here knows a report or a page; `app` hands
one what the other holds.
"""
