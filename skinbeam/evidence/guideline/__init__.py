"""The guideline: what sources put first, second and third for a condition, and what they advise against."""
