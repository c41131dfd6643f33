"""What a new clinic's patients may expect: the answer to a question, with its harms and its reasons for silence."""
