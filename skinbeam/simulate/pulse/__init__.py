"""One pulse in time: time steps, surface conditions, and temperatures as the response to a unit dose."""
