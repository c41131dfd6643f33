"""The way in: sign-in, what a browser holds of it, and one's own account."""
