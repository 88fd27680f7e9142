"""Quick measurements on the held-out videos while training; `mixtape evaluate` measures in full."""

import torch
import torch.nn.functional as F

from augmentation import AugmentationSettings, augment
from data import labelled
from model import normalise
from objective import closed_form_bhattacharyya, moments

CLIPS = 5
COPIES = AugmentationSettings(
    smallest_crop=0.6, stretch=1.1, drift=0.0, flip=0.2, strength=0.25, grayscale=0.0, copies=0.25)


class Validation:
    def __init__(self, cache, config, size, device, most=400):
        self.config, self.size, self.device = config, size, device
        self.entries = cache.choose("video", held_out=True)[:: max(1, len(cache.choose("video", True)) // most)]
        clips = [cache.uniform_clips(entry, config, CLIPS) for entry in self.entries]
        self.counts = [len(c) for c in clips]
        self.pixels = torch.cat([torch.from_numpy(c) for c in clips])

    @torch.no_grad()
    def encode(self, encoder, altered):
        """Moments of every video: two [V, D]."""
        generator = torch.Generator().manual_seed(1)
        rows = []
        for part in self.pixels.split(64):
            part = part.to(self.device)
            if altered:
                still = torch.zeros(len(part), dtype=torch.bool, device=self.device)
                part = augment(part, still, self.size, COPIES, generator)
            clips = normalise(part, self.config)
            if clips.shape[-1] != self.size:
                clips = F.interpolate(clips, (clips.shape[2], self.size, self.size), mode="trilinear")
            rows.append(torch.stack(encoder.head(encoder.features(clips))))
        means, log_variances = torch.cat(rows, dim=1)
        pairs = [moments(m[None], s[None]) for m, s in
                 zip(means.split(self.counts), log_variances.split(self.counts))]
        return torch.cat([m for m, _ in pairs]), torch.cat([v for _, v in pairs])

    @torch.no_grad()
    def measure(self, encoder):
        encoder.eval()
        mean, variance = self.encode(encoder, altered=False)
        copy_mean, copy_variance = self.encode(encoder, altered=True)
        encoder.train()
        count = len(mean)
        distances = closed_form_bhattacharyya(
            torch.cat([mean, copy_mean]), torch.cat([variance, copy_variance]))
        found = distances[count:, :count].argmin(dim=1)
        result = {"copies": (found == torch.arange(count, device=found.device)).float().mean().item()}
        # Labels, one set at a time, each video against the others; mirrored copies left out.
        for name in ("web", "fight", "yoga"):
            rows = labelled(self.entries, name)
            if len(rows) < 2:
                continue
            labels = [self.entries[i]["label"] for i in rows]
            points = F.normalize(mean[rows], dim=1)
            nearest = (points @ points.T).fill_diagonal_(-2).argmax(dim=1).tolist()
            result[name] = sum(labels[i] == labels[j] for i, j in enumerate(nearest)) / len(rows)
        result["uncertainty"] = variance.log().mean().item()
        result["uncertainty_copies"] = copy_variance.log().mean().item()
        return result
