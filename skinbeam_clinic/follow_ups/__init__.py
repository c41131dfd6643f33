"""Follow-ups by their pages: what a patient says, what is graded, what went wrong, and photographs side by side."""
