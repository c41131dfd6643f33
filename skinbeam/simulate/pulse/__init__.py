"""One pulse in time: what happens when, what the surface meets, and temperatures as the response to a unit dose."""
