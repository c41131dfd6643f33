"""What published trials say people see."""
