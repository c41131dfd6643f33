"""Links between two records of one person: the closed duplicate, and the record that is kept in its place."""
