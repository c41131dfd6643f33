"""Functions that return the JSON documents of skinbeam, for the command line, the web application and Python."""
