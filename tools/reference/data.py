"""Batches from a cache of decoded frames (decode_cache.py). Everything drawn follows from (seed, step)."""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import numpy as np
import torch


@dataclass
class SamplingSettings:
    stills: float = 0.3  # share of a batch's items that are stills
    near: float = 0.5  # probability that a clip of the second view lies close to its fellow in the first
    speed: float = 1.3  # clips are played 1/speed … speed times as fast
    labelled: float = 0.0  # share of the videos that are drawn among those with a label


def class_name(entry):
    return f"{entry['path'].split('/')[0]}/{entry['label']}" if entry["label"] else None


def labelled(entries, folder):
    """Numbers of the folder's videos that have a label; mirrored copies are left out."""
    return [number for number, e in enumerate(entries)
            if e["path"].startswith(folder + "/") and e["label"] and "_flipped" not in e["path"]]


def draw_clips(generator, shape, count, span, settings, starts):
    """First frames and paces of a view's clips, some of them near those of the view before (`starts`, or None), in
    videos of `count` frames."""
    pace = settings.speed ** generator.uniform(-1, 1, shape)
    room = np.maximum(0, count - span * pace)
    fresh = generator.uniform(0, 1, shape) * room
    near = generator.uniform(0, 1, shape) < settings.near
    shift = generator.uniform(-0.5, 0.5, shape) * span
    if starts is not None:
        fresh = np.where(near, np.clip(starts + shift, 0, room), fresh)
    return fresh, pace


def clip_places(count, config, interval):
    """Frames of all clips of a video of `count` cached frames, side by side as in indexing: [N, T]."""
    frames, span = config["clip"]["frames"], config["clip"]["duration"] / interval
    starts = np.arange(max(1, int(count // span))) * span
    steps = (np.arange(frames) + 0.5) * min(span, count) / frames
    return np.minimum(np.floor(starts[:, None] + steps), count - 1).astype(np.int64)


class Cache:
    def __init__(self, folder):
        folder = Path(folder)
        index = json.loads((folder / "index.json").read_text())
        self.size, self.interval, self.entries = index["size"], index["interval"], index["entries"]
        shape = (index["frames"], self.size, self.size, 3)
        self.frames = np.memmap(folder / "frames.bin", dtype=np.uint8, mode="r", shape=shape)

    def choose(self, kind, held_out):
        return [e for e in self.entries if e["kind"] == kind and e["held_out"] == held_out]

    def video_classes(self):
        """Number of each label of the training videos, with its folder: topics and poses are classes of their own."""
        names = {class_name(e) for e in self.choose("video", held_out=False)} - {None}
        return {name: number for number, name in enumerate(sorted(names))}

    def clip(self, entry, places):
        """Frames at `places` (in cached frames from the video's start, clamped): uint8 [T, H, W, 3]."""
        places = np.clip(np.floor(places).astype(np.int64), 0, entry["count"] - 1)
        return np.asarray(self.frames[entry["first"] + places])

    def uniform_clips(self, entry, config, most):
        """As indexing does it: whole clips side by side, at most `most` of them, spread evenly."""
        places = clip_places(entry["count"], config, self.interval)
        if len(places) > most:
            places = places[np.linspace(0, len(places) - 1, most).round().astype(int)]
        return np.stack([self.clip(entry, row) for row in places])


def prefetch(make, first, last, depth=4):
    """make(step) of the steps, prepared by a thread."""
    queue = Queue(maxsize=depth)

    def work():
        try:
            for step in range(first, last):
                queue.put(make(step))
        except BaseException as error:  # noqa: BLE001 – handed over to the reader
            queue.put(error)

    threading.Thread(target=work, daemon=True).start()
    for _ in range(first, last):
        item = queue.get()
        if isinstance(item, BaseException):
            raise item
        yield item


class Batches:
    """Clips [views · videos · N, T, H, W, 3], view-major, whether each is a still, and its video's class or −1."""

    def __init__(self, cache, config, videos, clips, views, seed, settings):
        self.cache, self.clip_settings = cache, config["clip"]
        self.videos, self.clips, self.views, self.seed, self.settings = videos, clips, views, seed, settings
        self.pools = {kind: cache.choose(kind, held_out=False) for kind in ("video", "still")}
        self.classes = cache.video_classes()
        self.labelled = [e for e in self.pools["video"] if e["label"]]
        if not self.pools["video"]:
            self.settings.stills = 1.0
        if not self.pools["still"]:
            self.settings.stills = 0.0

    def items(self, generator):
        """Distinct videos and stills of a batch."""
        stills = int(round(self.videos * self.settings.stills))
        labelled = int(round((self.videos - stills) * self.settings.labelled))
        chosen = []
        for pool, count in ((self.pools["video"], self.videos - stills - labelled), (self.pools["still"], stills),
                            (self.labelled, labelled)):
            taken = {entry["path"] for entry in chosen}
            pool = [entry for entry in pool if entry["path"] not in taken] if taken else pool
            count = min(count, len(pool))
            chosen += [pool[i] for i in generator.choice(len(pool), count, replace=False)] if count else []
        return chosen

    def make(self, step):
        generator = np.random.default_rng([self.seed, step])
        items = self.items(generator)
        frames = self.clip_settings["frames"]
        span = self.clip_settings["duration"] / self.cache.interval
        clips = [[None] * len(items) for _ in range(self.views)]
        for row, entry in enumerate(items):
            starts = None
            for view in range(self.views):
                starts, pace = draw_clips(generator, self.clips, entry["count"], span, self.settings, starts)
                steps = (np.arange(frames) + 0.5) * span / frames
                clips[view][row] = np.stack(
                    [self.cache.clip(entry, start + p * steps) for start, p in zip(starts, pace)])
        pixels = torch.from_numpy(np.concatenate([np.concatenate(view) for view in clips]))
        still = torch.tensor([entry["kind"] == "still" for entry in items])
        classes = torch.tensor([
            self.classes[class_name(entry)] if entry["kind"] == "video" and entry["label"] else -1 for entry in items])
        return tuple(rows.repeat_interleave(self.clips).repeat(self.views) if rows is not pixels else rows
                     for rows in (pixels, still, classes))


class LabelledStills:
    """One-frame clips of labelled stills, for a classifier beside the video objective."""

    def __init__(self, cache, count, seed):
        self.cache, self.count, self.seed = cache, count, seed
        self.pool = [e for e in cache.choose("still", held_out=False) if e["label"]]
        names = sorted({e["label"] for e in self.pool})
        self.number = {name: i for i, name in enumerate(names)}

    def make(self, step):
        generator = np.random.default_rng([self.seed, step, 1])
        chosen = [self.pool[i] for i in generator.choice(len(self.pool), self.count, replace=False)]
        pixels = torch.from_numpy(np.stack([self.cache.clip(e, np.zeros(1)) for e in chosen]))
        return pixels, torch.tensor([self.number[e["label"]] for e in chosen])
