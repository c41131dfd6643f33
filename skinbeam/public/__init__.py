"""The public face for Python: functions that answer questions, and results with typed values."""
