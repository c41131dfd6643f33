"""Parts of the manual that follow from the package, a file for each kind."""
