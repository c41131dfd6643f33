"""The signed audit log: who read and changed what."""
