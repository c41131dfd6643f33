"""Diaries of patients from the clinic's side: links, entries, and alarms out of them."""
