"""Doses that clinics and makers published: settings, treated skin, counted harm, and the calibration of the model."""
