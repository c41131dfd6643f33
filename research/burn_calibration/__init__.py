"""Fits the error of computed doses to published ones, and writes what is known of it: tools of development."""
