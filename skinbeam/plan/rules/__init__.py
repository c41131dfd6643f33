"""What the rules say: the table of rules, who may be treated, what earlier reactions and medicines ask for, and why."""
