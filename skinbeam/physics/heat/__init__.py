"""Heat: along one axis, about an axis, in three dimensions, and at the surface."""
