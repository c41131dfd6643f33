"""The consent form of one choice of a plan: what it tells, what it asks, and how it is signed."""
