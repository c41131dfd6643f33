"""Clinical outcome of a pulse: probability of a burn, kind of injury, healing times, lasting harm, pigment."""
