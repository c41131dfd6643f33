"""What goes to other systems and comes from them: whole records, and the tokens that open them."""
