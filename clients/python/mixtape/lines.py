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
        self._calls: Dict[int, _Call] = {}
        self._last = 0
        self._has_ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def call(self, method: str, parameters: Dict[str, Any], told: Told = None) -> Any:
        call = _Call(told)
        with self._lock:
            if self._has_ended:
                raise self._why()
            self._last += 1
            number = self._last
            self._calls[number] = call
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            except (OSError, ValueError) as error:
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
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
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
            if self._calls.pop(number, None) is None or self._process.stdin is None:
                return
            request = {"jsonrpc": "2.0", "method": "cancel", "params": {"id": number}}
            try:
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            except (OSError, ValueError):
                pass

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("method") == "progress":
                call = self._calls.get(message["params"].pop("id", None))
                if call is not None and call.told is not None:
                    try:
                        call.told(message["params"])
                    except Exception:  # noqa: BLE001
                        # What a caller's function does wrong must not keep replies from the other callers.
                        call.told = None
                continue
            with self._lock:
                call = self._calls.pop(message.get("id"), None)
            if call is not None:
                call.reply = message
                call.ended.set()
        with self._lock:
            self._has_ended = True
            waiting = list(self._calls.values())
            self._calls.clear()
        for call in waiting:
            call.ended.set()

    def _why(self) -> ServiceEnded:
        """By the last line that the service said on standard error."""
        if self._messages.closed:
            return ServiceEnded("the connection is closed")
        self._messages.seek(0)
        said = self._messages.read().decode(errors="replace").strip().splitlines()
        return ServiceEnded("the service has ended" + (f": {said[-1]}" if said else ""))
