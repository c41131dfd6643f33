"""What a mail server answers, and whether a message that met no answer may have been taken."""

import datetime
import smtplib
import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from skinbeam_clinic.mail_server import MailInDoubtError, MailServer, send_mail

HANG_UP = b""


@contextmanager
def server_that_answers(answers: Mapping[str, bytes], taken: list[bytes] | None = None) -> Iterator[MailServer]:
    """Listen, and answer commands so, by a line or its first word; every other one with an agreement.

    Parameters
    ----------
    taken : where it puts each message as it came.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(answers.get("", b"220 here\r\n"))
            while line := self.rfile.readline():
                word = line[:4].decode().upper().strip()
                usual = b"354 go on\r\n" if word == "DATA" else b"250 ok\r\n"
                answer = answers.get(line.decode().strip(), answers.get(word, usual))
                if answer == HANG_UP:
                    return
                self.wfile.write(answer)
                if word == "DATA" and answer.startswith(b"354"):
                    lines = list(iter(self.rfile.readline, b".\r\n"))
                    if taken is not None:
                        taken.append(b"".join(lines))
                    if (end := answers.get(".", b"250 taken\r\n")) == HANG_UP:
                        return
                    self.wfile.write(end)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield MailServer("smtp", "127.0.0.1", server.server_address[1], "", "", "a@x.example", ("b@x.example",))
        server.shutdown()


def message(receivers: Sequence[str] = ("b@x.example",)) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@x.example", ", ".join(receivers), "S"
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


def test_a_message_has_every_header_that_a_mail_must_have_each_once() -> None:
    """RFC 5322, section 3.6: a date and a sender; a server need not add the date, and may take a mail without for spam.

    A message that is sent again is dated anew.
    """
    taken: list[bytes] = []
    sent = message()
    with server_that_answers({}, taken) as mail:
        begun = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        send_mail(mail, sent)
        send_mail(mail, sent)
    for one in taken:
        read = message_from_bytes(one, policy=policy.default)
        assert read.keys().count("Date") == read.keys().count("From") == 1
        assert begun <= read["Date"].datetime <= datetime.datetime.now(datetime.UTC)
        assert not read.defects
        assert not any(header.defects for header in read.values())
    assert len(taken) == 2


@pytest.mark.parametrize("refused", [{"b@x.example"}, {"c@x.example"}, {"b@x.example", "d@x.example"}])
@pytest.mark.parametrize("answer", [b"450 later\r\n", b"550 unknown\r\n"])
def test_what_one_of_its_receivers_does_not_get_was_not_sent(refused: set[str], answer: bytes) -> None:
    receivers = ("b@x.example", "c@x.example", "d@x.example")
    answers = {f"rcpt TO:<{one}>": answer for one in refused}
    with server_that_answers(answers) as mail, pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        send_mail(mail, message(receivers))
    assert error.value.recipients.keys() == refused
