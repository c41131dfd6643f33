"""Two photographs of one face: laid over each other, their light matched, and what changed between them."""
