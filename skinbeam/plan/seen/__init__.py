"""What a plan takes from a photograph beside the colour of the skin."""
