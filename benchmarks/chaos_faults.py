"""What goes wrong in the month of `chaos.py`, a cable that is pulled and a disk that is full, and a mail server that
writes down what it was sent.
"""

import asyncio
import contextlib
import email
import socket
import socketserver
import struct
import subprocess
import threading
from pathlib import Path

__all__ = ["Cable", "MailSink", "SmallDisk"]

_CHUNK_BYTES = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST in place of FIN
_BALLAST_STEP = 1 << 20


class Cable:
    """A cable between two programs: a proxy at a free port of this machine, which can be pulled or go dead.

    Parameters
    ----------
    target : host and port, or the socket of a file.
    """

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pulled = False
        ready = threading.Event()
        self.port = 0
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def pull(self) -> None:
        """Reset every connection, in the middle of whatever it carries, and every new one until `plug`."""
        self._call(self._reset_all)

    def go_dead(self) -> None:
        """Carry nothing, and reset nothing: both ends wait until `plug`."""
        self._call(self._flowing.clear)

    def plug(self) -> None:
        """Carry everything again."""
        self._call(self._carry)

    def _call(self, act: object) -> None:
        self._loop.call_soon_threadsafe(act)  # type: ignore[arg-type]

    def _reset_all(self) -> None:
        self._pulled = True
        for writer in tuple(self._writers):
            _reset(writer)

    def _carry(self) -> None:
        self._pulled = False
        self._flowing.set()

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()

        self._loop.run_until_complete(serve())

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._pulled:
            _reset(writer)
            return
        try:
            if isinstance(self._target, Path):
                far_reader, far_writer = await asyncio.open_unix_connection(self._target)
            else:
                far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        both = {writer, far_writer}
        self._writers |= both
        pumps = self._pump(reader, far_writer), self._pump(far_reader, writer)
        try:
            await asyncio.gather(*pumps)
        finally:
            self._writers -= both
            for one in both:
                one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


class SmallDisk:
    """A disk of its own in memory, which can be filled to the last byte; to mount it takes root.

    Parameters
    ----------
    folder : an empty folder, at which it is mounted.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "chaos", str(folder)], check=True)
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave not one byte free."""
        step = _BALLAST_STEP
        with self._ballast.open("wb", buffering=0) as file:
            while step:
                try:
                    if file.write(bytes(step)) < step:
                        step //= 2
                except OSError:
                    step //= 2

    def free(self) -> None:
        """Give back what was filled."""
        self._ballast.unlink(missing_ok=True)

    def unmount(self) -> None:
        """Take it away with all it holds."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class MailSink:
    """A mail server that takes everything, and writes down the Message-ID and the text of each message."""

    def __init__(self) -> None:
        sink = self
        self.messages: list[tuple[str, str]] = []

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    self._talk()

            def _talk(self) -> None:
                self._say("220 sink")
                while line := self.rfile.readline():
                    word = line.split(b" ")[0].strip().upper()
                    if word == b"DATA":
                        self._say("354 go on")
                        lines = []
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(line)
                        if not line:  # cut off: not taken
                            return
                        sink._keep(b"".join(lines))
                    self._say("221 bye" if word == b"QUIT" else "250 ok")
                    if word == b"QUIT":
                        return

            def _say(self, words: str) -> None:
                self.wfile.write(f"{words}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _keep(self, message: bytes) -> None:
        read = email.message_from_bytes(message)
        self.messages.append((str(read["Message-ID"]), message.decode()))
