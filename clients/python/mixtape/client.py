"""The client."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Sequence, Union, cast

from .http import HTTPTransport
from .lines import LinesTransport
from .types import Duplicates, IndexResult, Progress, SearchResult, Videos

PathLike = Union[str, "os.PathLike[str]"]


class Mixtape:
    """A library of videos. Safe to use from several threads at once.

    index: the index folder, or postgres://USER@HOST/DATABASE; None for the program's default.
    model: the model folder; None for the program's default.
    program: the program to start.
    url: of a running `mixtape serve --http`, such as "http://127.0.0.1:8377", in place of index, model and program.
    token: what its --token-file holds.
    timeout: seconds that an HTTP service may be silent.

    Raises ServiceEnded where the program cannot be started.
    """

    def __init__(
        self,
        index: Optional[PathLike] = None,
        *,
        model: Optional[PathLike] = None,
        program: PathLike = "mixtape",
        url: Optional[str] = None,
        token: Optional[str] = None,
        timeout: float = 600,
    ) -> None:
        self._service: Union[LinesTransport, HTTPTransport]
        if url is not None:
            if index is not None or model is not None:
                raise ValueError("a running service has its own index and model: give url alone")
            self._service = HTTPTransport(url, token, timeout)
            return
        arguments = [os.fspath(program), "serve"]
        for option, value in (("--index", index), ("--model", model)):
            if value is not None:
                arguments += [option, os.fspath(value)]
        self._service = LinesTransport(arguments)

    def search(self, video: PathLike, *, upload: bool = False, **parameters: Any) -> SearchResult:
        """Ranks the library by distance to a video: the file's path, as the service sees it.

        upload: sends the file to an HTTP service, which need not see it.
        parameters: the protocol's, such as limit=10, from_=1.5, to=4, min_score=0.9, exclude_self=True, paths=["*.mp4"].
        """
        asked = _parameters(parameters)
        if upload:
            return cast(SearchResult, self._service.search_upload(os.fspath(video), asked))
        asked["video"] = os.fspath(video)
        return cast(SearchResult, self._service.call("search", asked))

    def index(
        self,
        folders: Union[PathLike, Sequence[PathLike]],
        *,
        progress: Optional[Callable[[Progress], None]] = None,
        **parameters: Any,
    ) -> IndexResult:
        """Brings the index in step with folders, and returns once that is done.

        progress: called now and then with how far it is, from another thread.
        parameters: the protocol's, such as prune=True, exclude=["*.part"], workers=2.
        """
        one = isinstance(folders, (str, os.PathLike))
        names = [cast(PathLike, folders)] if one else list(cast(Sequence[PathLike], folders))
        asked = _parameters(parameters)
        asked["folders"] = [os.fspath(name) for name in names]
        return cast(IndexResult, self._service.call("index", asked, cast(Any, progress)))

    def duplicates(
        self, *, progress: Optional[Callable[[Dict[str, Any]], None]] = None, **parameters: Any
    ) -> Duplicates:
        """Groups of videos that share footage. Nothing is deleted.

        progress: called now and then, from another thread; not over HTTP.
        parameters: the protocol's, such as min_score=0.95, limit=100.
        """
        return cast(Duplicates, self._service.call("duplicates", _parameters(parameters), progress))

    def videos(self, **parameters: Any) -> Videos:
        """A page of the library; parameters such as limit=50, offset=0, text="holiday", order="duration"."""
        return cast(Videos, self._service.call("videos", _parameters(parameters)))

    def info(self) -> Dict[str, Any]:
        """Counts, folders and the model."""
        return cast(Dict[str, Any], self._service.call("info", {}))

    def remove(self, paths: Sequence[PathLike]) -> int:
        """Forgets videos, or folders of them; the files stay. Returns how many. Not over HTTP."""
        return int(self._service.call("remove", {"paths": [os.fspath(path) for path in paths]})["removed"])

    def reject_duplicates(self, paths: Sequence[PathLike]) -> int:
        """Remembers that no two of these videos are duplicates of each other; returns how many pairs are new."""
        return int(self._service.call("reject_duplicates", {"paths": [os.fspath(path) for path in paths]})["decided"])

    def close(self) -> None:
        """Ends the connection; a service that was started here ends as well."""
        self._service.close()

    def __enter__(self) -> "Mixtape":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _parameters(given: Dict[str, Any]) -> Dict[str, Any]:
    """As the protocol names them: `from_` is `from`, which Python keeps for itself; paths are text."""
    return {name.rstrip("_"): _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (list, tuple)):
        plain: List[Any] = [_plain(one) for one in value]
        return plain
    return value
