"""Frozen records of a plan, which planner, report, page and file share, and how a stored document becomes one again."""
