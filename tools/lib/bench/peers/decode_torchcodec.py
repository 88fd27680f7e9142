"""Clips by torchcodec."""

import torch
from torchcodec.decoders import VideoDecoder

import reading
from instants import clips, grid

try:
    from torchcodec.transforms import Resize
except ImportError:
    Resize = None


class Reader(reading.Reader):
    def read(self, path):
        settings = {"transforms": [Resize((self.size, self.size))]} if Resize else {}
        decoder = VideoDecoder(
            path, num_ffmpeg_threads=self.threads, dimension_order="NHWC", seek_mode="approximate", **settings)
        facts = decoder.metadata
        zero = facts.begin_stream_seconds or 0.0
        end = facts.end_stream_seconds - zero
        instants = grid(end, self.frames, self.duration)
        pictures = decoder.get_frames_played_at(seconds=[zero + instant for instant in instants]).data
        if not Resize:
            channels_first = pictures.permute(0, 3, 1, 2).float()
            pictures = torch.nn.functional.interpolate(channels_first, (self.size, self.size), mode="area")
            pictures = pictures.round().to(torch.uint8).permute(0, 2, 3, 1)
        return pictures[torch.tensor(clips(len(instants), end, self.frames, self.duration))]


def setup(threads, file, frames, duration, size):
    torch.set_num_threads(threads)
    reader = Reader(frames, duration, size, threads)
    return reading.timed(lambda: reader.read(file))
