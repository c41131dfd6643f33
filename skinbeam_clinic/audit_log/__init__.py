"""The signed log of who read and changed what."""
