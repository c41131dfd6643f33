"""What a mail server answers, and whether a message that met no answer may have been taken."""

import smtplib
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from skinbeam_clinic.mail_server import MailInDoubtError, MailServer, send_mail

HANG_UP = b""


@contextmanager
def server_that_answers(answers: Mapping[str, bytes]) -> Iterator[MailServer]:
    """Listen, and answer commands so; every other one with an agreement."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(answers.get("", b"220 here\r\n"))
            while line := self.rfile.readline():
                word = line[:4].decode().upper().strip()
                answer = answers.get(word, b"354 go on\r\n" if word == "DATA" else b"250 ok\r\n")
                if answer == HANG_UP:
                    return
                self.wfile.write(answer)
                if word == "DATA" and answer.startswith(b"354"):
                    while self.rfile.readline() != b".\r\n":
                        pass
                    if (end := answers.get(".", b"250 taken\r\n")) == HANG_UP:
                        return
                    self.wfile.write(end)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield MailServer("smtp", "127.0.0.1", server.server_address[1], "", "", "a@x.example", ("b@x.example",))
        server.shutdown()


def message() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@x.example", "b@x.example", "S"
    made.set_content("Text.")
    return made


@pytest.mark.parametrize("answers", [{}, {"QUIT": HANG_UP}, {"QUIT": b"500 no\r\n"}])
def test_what_a_server_has_taken_is_sent_however_it_says_goodbye(answers: Mapping[str, bytes]) -> None:
    with server_that_answers(answers) as mail:
        send_mail(mail, message())


@pytest.mark.parametrize(
    "answers",
    [
        {"": b"554 no\r\n"},
        {"MAIL": b"550 no\r\n"},
        {"RCPT": b"550 no\r\n"},
        {"DATA": b"451 no\r\n"},
        {".": b"452 full\r\n"},
    ],
)
def test_what_a_server_refuses_was_not_sent(answers: Mapping[str, bytes]) -> None:
    with server_that_answers(answers) as mail, pytest.raises(smtplib.SMTPException):
        send_mail(mail, message())


def test_what_nobody_listens_for_was_not_sent() -> None:
    with server_that_answers({}) as mail:
        pass
    with pytest.raises(ConnectionRefusedError):
        send_mail(mail, message())


@pytest.mark.parametrize("answers", [{".": HANG_UP}, {"DATA": HANG_UP}])
def test_of_a_connection_that_breaks_nobody_knows(answers: Mapping[str, bytes]) -> None:
    with server_that_answers(answers) as mail, pytest.raises(MailInDoubtError):
        send_mail(mail, message())
