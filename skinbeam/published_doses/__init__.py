"""What clinics and makers have published about doses: settings, the skin they met, and the harm that was counted."""
