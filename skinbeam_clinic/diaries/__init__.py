"""The patient's diary: the page that a link opens, the clinic's side of it, and alarms, inside and out."""
