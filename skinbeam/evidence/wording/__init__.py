"""How the sentences of a text are split, and how a phrase is looked for in one."""
