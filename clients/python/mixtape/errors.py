"""What goes wrong, as exceptions."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class MixtapeError(Exception):
    """The service refused a request, or could not answer it. The text is a sentence for people.

    reason: a word for programs, such as "not_found"; it does not change.
    code: the number of a JSON-RPC error, or the status of an HTTP answer.
    hint: what to do, where the service knows it.
    path: the file or folder that it is about, where it is about one.
    parameter: the parameter that is wrong, where one is.
    """

    def __init__(self, message: str, code: Optional[int] = None, data: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(message)
        data = data or {}
        self.code = code
        self.reason: Optional[str] = data.get("reason")
        self.hint: Optional[str] = data.get("hint")
        self.path: Optional[str] = data.get("path")
        self.parameter: Optional[str] = data.get("parameter")


class Cancelled(MixtapeError):
    """The request was cancelled."""


class ServiceEnded(MixtapeError):
    """The service has ended, or cannot be started or reached."""


def of_answer(error: Any, code: Optional[int] = None) -> MixtapeError:
    """The exception for the error of an answer."""
    error = error if isinstance(error, dict) else {}
    data = error.get("data")
    data = data if isinstance(data, dict) else {}
    kind = Cancelled if data.get("reason") == "cancelled" else MixtapeError
    return kind(str(error.get("message", "the service gave no reason")), error.get("code", code), data)
