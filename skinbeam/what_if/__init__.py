"""What other settings would do in the same skins: one asked setting, and the therapeutic window."""
