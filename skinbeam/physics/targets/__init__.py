"""What light aims at: vessels and melanosomes."""
