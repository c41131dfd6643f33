"""Data of the pictures in docs/evidence.md: reported trial results beside the models' predictions. Nothing is drawn."""
