"""Light, heat, damage and ablation on SI arrays. No skin, no laser, no patient."""
