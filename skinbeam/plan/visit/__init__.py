"""The visits of a course: how many, what each brings, what they come to, and the days after one."""
