"""What one member of one clinic sees and does; no other clinic's rows can be reached from here."""
