"""Virtual people whose skins the planner does not know: what its plans would do to them."""
