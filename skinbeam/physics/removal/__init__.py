"""Removal of tissue by ablation, craters and their damage zones, steam bubbles, plasma and recoil."""
