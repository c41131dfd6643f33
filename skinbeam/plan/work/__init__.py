"""How a plan is worked on: in how many processes, and what it tells meanwhile."""
