"""The page that `skinbeam validate` writes."""
