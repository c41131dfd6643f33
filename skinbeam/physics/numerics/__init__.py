"""What every kernel shares: how data lie in memory, checks of what is given, and numerical tools."""
