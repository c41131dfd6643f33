"""The visits of a course: how many, what each brings, and what they come to."""
