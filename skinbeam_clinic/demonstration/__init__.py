"""The public form without records: plans that nobody keeps."""
