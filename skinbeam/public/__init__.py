"""What `import skinbeam` gives: the same questions for paths and tables, curves over a setting, plans that answer."""
