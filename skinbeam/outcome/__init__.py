"""What the damage of a pulse becomes: kind of injury, healing, lasting harm, the course of pigment."""
