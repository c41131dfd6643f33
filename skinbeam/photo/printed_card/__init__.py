"""The colour and scale card that a clinic prints: its layout, how a photograph of it is found, and what it measures."""
