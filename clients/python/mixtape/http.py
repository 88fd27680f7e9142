"""The HTTP API of `mixtape serve --http`."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import IO, Any, Callable, Dict, Iterator, Optional, Union

from .errors import Cancelled, MixtapeError, ServiceEnded, of_answer

Told = Optional[Callable[[Dict[str, Any]], None]]


class HTTPTransport:
    """A service that runs somewhere."""

    def __init__(self, url: str, token: Optional[str], timeout: float) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url}: expected http://HOST:PORT or https://HOST")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout

    def call(self, method: str, parameters: Dict[str, Any], told: Told = None) -> Any:
        if method == "search":
            return self._post("/api/search", parameters)
        if method == "duplicates":
            return self._post("/api/duplicates", parameters)
        if method == "reject_duplicates":
            return self._post("/api/duplicates/decisions", parameters)
        if method == "videos":
            query = {name: _word(value) for name, value in parameters.items() if value is not None}
            return self._get("/api/videos?" + urllib.parse.urlencode(query))
        if method == "info":
            return self._get("/api/library")
        if method == "index":
            return self._index(parameters, told)
        raise MixtapeError(f"the HTTP service has no {method}")

    def search_upload(self, path: str, parameters: Dict[str, Any]) -> Any:
        """Sends the file, then searches for what was made of it."""
        named: Dict[str, Any] = {"name": os.path.basename(path)}
        named.update({name: parameters.pop(name) for name in ("from", "to", "stream") if name in parameters})
        query = urllib.parse.urlencode(named)
        with open(path, "rb") as file:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(os.fstat(file.fileno()).st_size),
            }
            sent = self._answer(self._open("POST", "/api/uploads?" + query, file, headers))
        return self._post("/api/search", {**parameters, "upload": sent["id"]})

    def close(self) -> None:
        """Nothing stays open between requests."""

    def _index(self, parameters: Dict[str, Any], told: Told) -> Any:
        job = self._post("/api/jobs", parameters)
        try:
            for job in self._events(f"/api/jobs/{job['id']}/events"):
                if told is not None and job.get("progress") and job["state"] == "running":
                    told(job["progress"])
        except BaseException:
            try:
                self._answer(self._open("DELETE", f"/api/jobs/{job['id']}"))
            except MixtapeError:
                pass
            raise
        if job["state"] == "done":
            return job["result"]
        if job["state"] == "cancelled":
            raise Cancelled("the job was cancelled", data={"reason": "cancelled"})
        if job["state"] == "failed":
            raise of_answer(job.get("error"))
        raise ServiceEnded("the service ended the connection before the job was done")

    def _events(self, path: str) -> Iterator[Dict[str, Any]]:
        """Server-sent events, whose data is a job."""
        with self._open("GET", path) as stream:
            for line in stream:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    def _get(self, path: str) -> Any:
        return self._answer(self._open("GET", path))

    def _post(self, path: str, body: Dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        return self._answer(self._open("POST", path, json.dumps(body).encode(), headers))

    def _open(
        self,
        method: str,
        path: str,
        body: Union[bytes, IO[bytes], None] = None,
        headers: Optional[Dict[str, str]] = None,
    ) -> Any:
        request = urllib.request.Request(
            self._url + path, data=body, method=method, headers={**self._headers, **(headers or {})}
        )
        try:
            return urllib.request.urlopen(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            try:
                refused = json.loads(text)["error"]
            except (ValueError, KeyError, TypeError):
                refused = {"message": f"{method} {path}: {error.code} {error.reason}"}
            raise of_answer(refused, error.code) from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ServiceEnded(f"{self._url}: cannot be reached: {reason}") from error

    @staticmethod
    def _answer(response: Any) -> Any:
        try:
            with response:
                text = response.read()
            return json.loads(text) if text else None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ServiceEnded(f"the answer broke off: {error}") from error


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
