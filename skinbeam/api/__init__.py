"""The documents that commands, pages and Python share: a question in, a document out."""
