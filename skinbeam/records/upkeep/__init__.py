"""Looking after a whole database and its files, from the machine that holds them."""
