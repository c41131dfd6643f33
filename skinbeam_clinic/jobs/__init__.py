"""Background jobs: the queue, the worker that makes plans, and the pages of their progress."""
