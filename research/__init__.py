"""Research code that is not shipped: fits, derived tables, virtual people, the atlas, and checks of photographs."""
