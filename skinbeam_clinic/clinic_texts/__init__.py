"""Texts that a clinic writes itself: paragraphs of consent forms, blocks of letters, and the days after."""
