"""The objective of ProViCo (Park et al., CVPR 2022), term by term, and the deterministic baseline.

Shapes: M mixtures (videos × views), N clips a mixture, K samples a mixture, D dimensions. Mixtures are
view-major: number = view · videos + video. "Log variance" is always log σ². objective.md states every formula
again with its gradient; both must say the same.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

# Added to squared distances, so that the gradient of the distance of a sample to itself is 0, not 0/0.
SQUARED_DISTANCE_FLOOR = 1e-12
# Bounds of the exponents in the two forms of the stochastic loss.
LITERAL_EXPONENT_LIMIT = 20.0
NORMALISED_EXPONENT_LIMIT = 4.0


def moments(means, log_variances):
    """Mean and variance of the mixtures (paper eq. 3). means, log_variances: [M, N, D] → two [M, D]."""
    mean = means.mean(dim=1)
    variance = log_variances.exp().mean(dim=1) + (means - mean.unsqueeze(1)).square().mean(dim=1)
    return mean, variance


def sample(mean, variance, noise):
    """Reparameterised samples (eq. 4). mean, variance: [M, D]; noise ~ N(0, I): [M, K, D] → [M, K, D]."""
    return mean.unsqueeze(1) + variance.sqrt().unsqueeze(1) * noise


def sampled_bhattacharyya(samples, variance, weight=1.0):
    """Mean over all K² pairs of samples of the sampled Bhattacharyya distance (eq. 5 and 6) → [M, M].

    Exact without the K² loop: the mean of (z_i − z_j)² over the pairs is (m_i − m_j)² + s_i + s_j with m
    and s the mean and (1/K) variance of a video's samples. `weight` is λ.
    """
    centre = samples.mean(dim=1)
    spread = samples.var(dim=1, unbiased=False)
    left, right = variance.unsqueeze(1), variance.unsqueeze(0)
    shape = torch.log(0.25 * (left / right + right / left + 2))
    square = (centre.unsqueeze(1) - centre.unsqueeze(0)).square()
    square = square + spread.unsqueeze(1) + spread.unsqueeze(0)
    return 0.25 * (shape + weight * square / (left + right)).sum(dim=-1)


def closed_form_bhattacharyya(mean, variance, weight=1.0):
    """The distance of the moments: what the K² average comes to with moment-matched noise, less its constant
    λD/4. [M, D] twice → [M, M]."""
    return bhattacharyya_between((mean, variance), (mean, variance), weight)


def bhattacharyya_between(rows, columns, weight=1.0):
    """The same of two sets, each (mean, variance): [M, D] and [L, D] → [M, L]."""
    left, right = rows[1].unsqueeze(1), columns[1].unsqueeze(0)
    shape = torch.log(0.25 * (left / right + right / left + 2))
    square = (rows[0].unsqueeze(1) - columns[0].unsqueeze(0)).square()
    return 0.25 * (shape + weight * square / (left + right)).sum(dim=-1)


def threshold_at_quantile(values, quantile):
    """τ between the k-th and the next nearest of n distances, with k = floor(quantile · n).

    The midpoint, so that rounding cannot move a pair across it. None is nearer where k = 0, all where k = n.
    """
    values = values.sort().values
    nearer = min(int(quantile * len(values)), len(values))
    if nearer == 0:
        return -math.inf
    if nearer == len(values):
        return math.inf
    return 0.5 * (values[nearer - 1] + values[nearer]).item()


def mine(distances, mining, videos):
    """Positive pairs (eq. 7): of the same video, or nearer than τ → bool [M, M]. Carries no gradient.

    `mining` is "off", {"threshold": τ} or {"quantile": q}: the share of the pairs of different videos that are
    nearer. `videos` is their number: mixture i is a view of video i mod videos.
    """
    distances = distances.detach()
    video = torch.arange(distances.shape[0], device=distances.device) % videos
    positive = video.unsqueeze(0) == video.unsqueeze(1)
    if mining == "off":
        return positive
    if "threshold" in mining:
        threshold = mining["threshold"]
    else:
        upper = torch.ones_like(positive).triu(diagonal=1)
        threshold = threshold_at_quantile(distances[upper & ~positive], mining["quantile"])
    return positive | (distances < threshold)


def match_log_probabilities(samples, log_a, b):
    """log p and log(1 − p) of the match probability (eq. 9) → two [M, M].

    p = mean over K² pairs of sigmoid(−a‖z_i − z_j‖ + b), with a = exp(log_a) so that it stays positive.
    """
    count, k, _ = samples.shape
    flat = samples.flatten(0, 1)
    length = flat.square().sum(dim=-1)
    square = (length.unsqueeze(1) + length.unsqueeze(0) - 2 * flat @ flat.T).clamp_min(0)
    itself = torch.eye(len(flat), dtype=torch.bool, device=flat.device)
    square = square.masked_fill(itself, 0)
    distance = (square + SQUARED_DISTANCE_FLOOR).sqrt()
    logit = b - log_a.exp() * distance
    logit = logit.view(count, k, count, k).transpose(1, 2).flatten(2)
    log_match = torch.logsumexp(F.logsigmoid(logit), dim=-1) - 2 * math.log(k)
    log_mismatch = torch.logsumexp(F.logsigmoid(-logit), dim=-1) - 2 * math.log(k)
    return log_match, log_mismatch


def soft_losses(samples, positive, log_a, b):
    """−log p on positive pairs, −log(1 − p) on negative ones → [M, M]."""
    log_match, log_mismatch = match_log_probabilities(samples, log_a, b)
    return -torch.where(positive, log_match, log_mismatch)


def pair_coefficients(positive, reduction="balanced", dtype=None):
    """What each ordered pair counts, i = j included; sums to 1 → [M, M].

    "plain": 1/M² each. "balanced": positives and negatives count one half each, so that the many negatives do
    not drown the few positives; where there are no negatives the positives count all.
    """
    dtype = dtype or torch.get_default_dtype()
    negative = ~positive
    if reduction == "plain" or not negative.any():
        return torch.full(positive.shape, 1 / positive.numel(), dtype=dtype, device=positive.device)
    return positive.to(dtype) * (0.5 / positive.sum()) + negative.to(dtype) * (0.5 / negative.sum())


def scalar_log_variance(variance):
    """g: log of a mixture's scalar σ², the geometric mean over the dimensions. [M, D] → [M]."""
    return variance.log().mean(dim=-1)


def literal_stochastic_losses(loss, variance):
    """L_soft/(4σ²_iσ²_j) + ½(log σ²_i + log σ²_j) (eq. 10) → [M, M].

    As printed, but for a bound on the exponent. The first term's factor is e¹⁴/4 ≈ 300,000 where
    log σ² = −7, and there is no lower bound: clip the gradients.
    """
    g = scalar_log_variance(variance)
    pair = g.unsqueeze(0) + g.unsqueeze(1)
    return loss * torch.exp((-pair).clamp(max=LITERAL_EXPONENT_LIMIT)) / 4 + pair / 2


def normalised_stochastic_losses(loss, variance):
    """L_soft · exp(ḡ − g_i − g_j), with ḡ the mean of g_i + g_j over all pairs → [M, M].

    The weights have geometric mean 1, so that the loss is never negative and does not change when all
    variances are scaled together, and still teaches which video is less certain than another. The gradient
    flows through ḡ too; it equals that of eq. 10 with one free scale for the whole batch, chosen best.
    """
    g = scalar_log_variance(variance)
    exponent = 2 * g.mean() - (g.unsqueeze(0) + g.unsqueeze(1))
    return loss * torch.exp(exponent.clamp(-NORMALISED_EXPONENT_LIMIT, NORMALISED_EXPONENT_LIMIT))


def kl_divergence(mean, variance):
    """KL(N(μ_V, σ²_V) ‖ N(0, I)), summed over the dimensions. [M, D] → [M]."""
    return 0.5 * (variance + mean.square() - 1 - variance.log()).sum(dim=-1)


def info_nce(means, videos, temperature=0.1):
    """Deterministic baseline: clips as points, InfoNCE over clips of the same video → scalar.

    means: [M, N, D] of unit length. The mean over clips x of log Σ_{w ≠ x} exp(x·w/T) less the mean of x·y/T
    over the other clips y of x's video; 0 where no clip has another.
    """
    mixtures, clips, _ = means.shape
    owner = (torch.arange(mixtures, device=means.device) % videos).repeat_interleave(clips)
    flat = means.flatten(0, 1)
    itself = torch.eye(len(flat), dtype=torch.bool, device=means.device)
    positive = (owner.unsqueeze(0) == owner.unsqueeze(1)) & ~itself
    if not positive.any():
        return means.sum() * 0
    similarity = flat @ flat.T / temperature
    attraction = (similarity * positive).sum(dim=1) / positive.sum(dim=1)
    return (torch.logsumexp(similarity.masked_fill(itself, -math.inf), dim=1) - attraction).mean()


@dataclass
class ObjectiveSettings:
    """What the paper leaves open has our defaults. Names as in the Swift code's configuration."""

    views: int = 2  # mixtures a video in a batch
    samples: int = 8  # K
    distance_weight: float = 1.0  # λ
    mining: str | dict = field(default_factory=lambda: {"quantile": 0.01})
    uncertainty: str = "normalised"  # or "literal", or "none" for the plain soft loss
    reduction: str = "balanced"  # or "plain"
    kl_weight: float = 1e-4  # β
    nce_weight: float = 0.0  # ω: 0 is ProViCo, 1 the deterministic baseline, between them a mix
    temperature: float = 0.1

    def json(self):
        """As the Swift code reads it."""
        return {
            "views": self.views, "samples": self.samples, "lambda": self.distance_weight, "mining": self.mining,
            "uncertainty": self.uncertainty, "reduction": self.reduction, "klWeight": self.kl_weight,
            "nceWeight": self.nce_weight, "temperature": self.temperature,
        }


def objective(means, log_variances, noise, log_a, b, settings):
    """All terms of a batch. means, log_variances: [M, N, D]; noise: [M, K, D] → dict of scalars, "total" too."""
    videos = len(means) // settings.views
    mean, variance = moments(means, log_variances)
    samples = sample(mean, variance, noise)
    with torch.no_grad():
        distances = closed_form_bhattacharyya(mean, variance, settings.distance_weight)
    positive = mine(distances, settings.mining, videos)
    losses = soft_losses(samples, positive, log_a, b)
    coefficients = pair_coefficients(positive, settings.reduction, losses.dtype)
    soft = (coefficients * losses).sum()
    if settings.uncertainty == "literal":
        losses = literal_stochastic_losses(losses, variance)
    elif settings.uncertainty == "normalised":
        losses = normalised_stochastic_losses(losses, variance)
    stochastic = (coefficients * losses).sum()
    kl = 2 * kl_divergence(mean, variance).mean()
    nce = info_nce(means, videos, settings.temperature)
    probabilistic = stochastic + settings.kl_weight * kl
    return {
        "soft": soft, "stochastic": stochastic, "kl": kl, "nce": nce,
        "total": (1 - settings.nce_weight) * probabilistic + settings.nce_weight * nce,
        "positives_per_anchor": positive.float().sum(dim=1).mean() - 1,
        "mean_log_variance": variance.detach().log().mean(),
    }
