"""Virtual people with skins that differ from the planner's assumptions, and the outcomes of their plans."""
