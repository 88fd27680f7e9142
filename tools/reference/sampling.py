"""Batches of frame numbers, drawn for whole arrays of videos at once; the frames lie on the device.

Everything drawn follows from (seed, step). For training on a GPU, where `data.Batches` would be too slow.
"""

from dataclasses import dataclass

import numpy as np
import torch

from data import class_name, draw_clips


class ResidentFrames:
    """All frames of a cache as one tensor of the device: uint8 [F, H, W, 3]."""

    def __init__(self, cache, device):
        self.frames = torch.empty(cache.frames.shape, dtype=torch.uint8, device=device)
        for start in range(0, len(cache.frames), 4096):
            part = torch.from_numpy(np.array(cache.frames[start:start + 4096]))
            self.frames[start:start + len(part)] = part.to(device)

    def __getitem__(self, numbers):
        """Frame numbers [...] → uint8 [..., H, W, 3]."""
        numbers = torch.as_tensor(numbers, device=self.frames.device)
        return self.frames[numbers.flatten()].view(*numbers.shape, *self.frames.shape[1:])


@dataclass
class Mix:
    videos: int = 256  # items of a batch
    stills: float = 0.25  # share of them that are stills
    together: float = 0.5  # share of the videos that are of one folder, so that near-equal strangers meet
    near: float = 0.5  # probability that a clip of the second view lies close to its fellow in the first
    speed: float = 1.35  # clips are played 1/speed … speed times as fast


@dataclass
class Batch:
    """numbers [views, V, N, T]; of the items [V]: whether a still, and the class of its label or −1; the numbers of
    single frames to put beside them, one a view and item."""

    numbers: np.ndarray
    still: np.ndarray
    still_class: np.ndarray
    video_class: np.ndarray
    strangers: np.ndarray


class Sampler:
    def __init__(self, cache, config, clips, views, seed, mix):
        self.clips, self.views, self.seed, self.mix = clips, views, seed, mix
        self.frames, self.span = config["clip"]["frames"], config["clip"]["duration"] / cache.interval
        # A mirrored copy would be its original's stranger.
        chosen = [e for e in cache.entries if not e["held_out"] and "_flipped" not in e["path"]]
        self.first, self.count = (np.array([e[key] for e in chosen]) for key in ("first", "count"))
        self.is_still = np.array([e["kind"] == "still" for e in chosen])
        self.folder = np.array([e["path"].split("/")[0] for e in chosen])
        self.still_class, self.still_classes = self.number_classes(chosen, "still", lambda e: e["label"] or None)
        self.video_class, self.video_classes = self.number_classes(chosen, "video", class_name)
        self.videos, self.stills = np.flatnonzero(~self.is_still), np.flatnonzero(self.is_still)

    @staticmethod
    def number_classes(entries, kind, name):
        names = [name(e) if e["kind"] == kind else None for e in entries]
        number = {text: i for i, text in enumerate(sorted(set(names) - {None}))}
        return np.array([number.get(text, -1) for text in names]), len(number)

    def items(self, generator):
        stills = round(self.mix.videos * self.mix.stills)
        videos = self.mix.videos - stills
        pool = self.videos[self.folder[self.videos] == self.folder[generator.choice(self.videos)]]
        near = generator.choice(pool, min(len(pool), round(videos * self.mix.together)), replace=False)
        rest = np.setdiff1d(self.videos, near)
        return np.concatenate([near, generator.choice(rest, videos - len(near), replace=False),
                               generator.choice(self.stills, stills, replace=False)])

    def make(self, step):
        generator = np.random.default_rng([self.seed, step])
        items = self.items(generator)
        shape, count = (len(items), self.clips), self.count[items][:, None]
        steps = (np.arange(self.frames) + 0.5) * self.span / self.frames
        numbers, starts = [], None
        for _ in range(self.views):
            starts, pace = draw_clips(generator, shape, count, self.span, self.mix, starts)
            # Of a video shorter than a clip the clip is made of all of it, as indexing does.
            stretch = np.minimum(pace, count / self.span)
            place = np.floor(starts[..., None] + stretch[..., None] * steps)
            place = np.clip(place, 0, count[..., None] - 1)
            numbers.append(self.first[items][:, None, None] + place.astype(np.int64))
        return Batch(np.stack(numbers), self.is_still[items], self.still_class[items], self.video_class[items],
                     self.strangers(step, self.views * len(items)))

    def pictures(self, step, count, videos):
        """Numbers of single frames, `videos` of them (a share) from videos, and the class of a still or −1."""
        generator = np.random.default_rng([self.seed, step, 2])
        moving = round(count * videos)
        items = np.concatenate([
            generator.choice(self.videos, moving), generator.choice(self.stills, count - moving)])
        place = np.floor(generator.uniform(0, 1, count) * self.count[items]).astype(np.int64)
        return self.first[items] + place, self.still_class[items]

    def strangers(self, step, count):
        """Numbers of frames of anything that is trained on, to be put beside or behind others."""
        return self.pictures(step + 1_000_000_007, count, 0.5)[0]
