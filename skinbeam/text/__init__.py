"""Messages for people: a catalogue in English and German, message ids with parameters, formatting and translation."""

from skinbeam.text.catalogues import (
    ENGLISH,
    LANGUAGES,
    catalogue,
    current_language,
    document_language,
    from_local_time,
    message_parameters,
    text_direction,
    to_local_time,
    translations,
    use_document_language,
    use_language,
    use_time_zone,
)
from skinbeam.text.formatter import Formatter
from skinbeam.text.message import DocumentWarning, Message, render_message, translate_record, translate_texts
from skinbeam.text.people_of_100 import round_to_people
from skinbeam.text.translation import translate

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "DocumentWarning",
    "Formatter",
    "Message",
    "catalogue",
    "current_language",
    "document_language",
    "from_local_time",
    "message_parameters",
    "render_message",
    "round_to_people",
    "text_direction",
    "to_local_time",
    "translate",
    "translate_record",
    "translate_texts",
    "translations",
    "use_document_language",
    "use_language",
    "use_time_zone",
]
