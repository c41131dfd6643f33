"""The therapeutic window: of a pulse case as a document, around the settings of a plan, and practice in both."""
