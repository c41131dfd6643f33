"""The clinic of guests, which `skinbeam serve` without `--db` serves: everybody may plan, and nothing is kept."""
