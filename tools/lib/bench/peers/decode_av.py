"""Clips by PyAV: straight through the file, each wanted frame scaled by swscale."""

import av
import numpy

import reading
from instants import clips, grid


class Reader(reading.Reader):
    """Pictures on the grid of a file; the last frame before an instant is the one on screen."""

    def __init__(self, *settings, **more):
        super().__init__(*settings, **more)
        self.reformatter = av.video.reformatter.VideoReformatter()

    def picture(self, frame):
        small = self.reformatter.reformat(
            frame, width=self.size, height=self.size, format="rgb24", interpolation="AREA")
        return small.to_ndarray()

    def read(self, path):
        spacing = self.duration / self.frames
        pictures, end = self.pictures(path, lambda index: (index + 0.5) * spacing + 1e-6)
        if len(pictures) < self.frames:
            # Shorter than a clip: its whole length is one, and that is known only now.
            instants = grid(end, self.frames, self.duration)
            pictures, _ = self.pictures(
                path, lambda index: instants[index] if index < len(instants) else float("inf"))
        chosen = clips(len(pictures), end, self.frames, self.duration)
        return numpy.stack([numpy.stack([pictures[index] for index in clip]) for clip in chosen])

    def pictures(self, path, instant):
        """The pictures at `instant(0)`, `instant(1)`, …, and the video's end."""
        found, zero, last, end = [], None, None, 0.0
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self.threads
            length = float(1 / stream.average_rate) if stream.average_rate else 0.04

            def show(frame, limit):
                """Gives the frame to every instant before the limit."""
                if instant(len(found)) < limit:
                    picture = self.picture(frame)
                    while instant(len(found)) < limit:
                        found.append(picture)

            for frame in container.decode(stream):
                start = float(frame.pts * frame.time_base)
                zero = start if zero is None else zero
                if last is not None:
                    show(last, start - zero)
                last = frame
                own = float(frame.duration * frame.time_base) if getattr(frame, "duration", None) else length
                end = start - zero + own
            if last is not None:
                show(last, end)
        return found, end


def setup(threads, file, frames, duration, size):
    reader = Reader(frames, duration, size, threads)
    return reading.timed(lambda: reader.read(file))
