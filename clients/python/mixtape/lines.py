"""JSON-RPC over the standard input and output of `mixtape serve`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from typing import Any, Callable, Dict, List, Optional

from .errors import MixtapeError, ServiceEnded, of_answer

Told = Optional[Callable[[Dict[str, Any]], None]]


class _Call:
    """A request that waits for its reply."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.ended = threading.Event()
        self.reply: Optional[Dict[str, Any]] = None


class LinesTransport:
    """A service of one's own. A thread reads its replies, so that requests run side by side."""

    def __init__(self, arguments: List[str]) -> None:
        self._messages = tempfile.TemporaryFile()
        try:
            # With MIXTAPE_HTTP it would answer HTTP.
            environment = {name: value for name, value in os.environ.items() if name != "MIXTAPE_HTTP"}
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._messages, env=environment
            )
        except OSError as error:
            self._messages.close()
            raise ServiceEnded(f"{arguments[0]}: cannot be started: {error.strerror}") from error
        self._lock = threading.Lock()
        # Of its own: a service that does not read yet must not keep its replies from being read.
        self._writing = threading.Lock()
        self._calls: Dict[int, _Call] = {}
        self._last = 0
        self._has_ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def call(self, method: str, parameters: Dict[str, Any], told: Told = None) -> Any:
        self._refuse_reader()
        call = _Call(told)
        with self._lock:
            if self._has_ended:
                raise self._why()
            self._last += 1
            number = self._last
            self._calls[number] = call
        try:
            self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        except (OSError, ValueError) as error:
            with self._lock:
                self._calls.pop(number, None)
            raise self._why() from error
        try:
            call.ended.wait()
        except BaseException:
            # Ctrl-C in the caller's thread: the service need not go on for nobody.
            self._forget(number)
            raise
        if call.reply is None:
            raise self._why()
        if "error" in call.reply:
            raise of_answer(call.reply["error"])
        return call.reply["result"]

    def search_upload(self, path: str, parameters: Dict[str, Any]) -> Any:
        raise MixtapeError("upload is for services over HTTP: this one reads the file itself")

    def close(self) -> None:
        """The end of its input lets the service finish what runs and end."""
        self._refuse_reader()
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._writing:
            try:
                self._process.stdin.close()
            except OSError:
                pass
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        self._messages.close()

    def _forget(self, number: int) -> None:
        with self._lock:
            if self._calls.pop(number, None) is None:
                return
        try:
            self._write({"jsonrpc": "2.0", "method": "cancel", "params": {"id": number}})
        except (OSError, ValueError):
            pass

    def _write(self, request: Dict[str, Any]) -> None:
        assert self._process.stdin is not None
        line = json.dumps(request).encode() + b"\n"
        with self._writing:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _refuse_reader(self) -> None:
        if threading.current_thread() is self._reader:
            raise RuntimeError("a progress function cannot ask: it would wait for itself")

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                if isinstance(message, dict):
                    self._take(message)
        finally:
            with self._lock:
                self._has_ended = True
                waiting = list(self._calls.values())
                self._calls.clear()
            for call in waiting:
                call.ended.set()

    def _take(self, message: Dict[str, Any]) -> None:
        if message.get("method") == "progress":
            told = message.get("params") or {}
            with self._lock:
                call = self._calls.get(told.pop("id", None))
            if call is not None and call.told is not None:
                try:
                    call.told(told)
                except Exception:  # noqa: BLE001
                    # What a caller's function does wrong must not keep replies from the other callers.
                    call.told = None
            return
        with self._lock:
            call = self._calls.pop(message.get("id"), None)  # type: ignore[arg-type]
        if call is not None:
            call.reply = message
            call.ended.set()

    def _why(self) -> ServiceEnded:
        """By the last line that the service said on standard error."""
        if self._messages.closed:
            return ServiceEnded("the connection is closed")
        # The service writes where this reads: its place in the file is left alone.
        descriptor = self._messages.fileno()
        text = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        said = text.decode(errors="replace").strip().splitlines()
        return ServiceEnded("the service has ended" + (f": {said[-1]}" if said else ""))
