"""What the skin itself has shown: earlier pulses, responses to sessions, and the test spots that would tell most."""
