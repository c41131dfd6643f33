"""Plans that are made in the background: queue, worker, progress."""
