"""Configurations of the architectures that have a name; `width` scales them for tests."""

SPATIAL = [1, 2, 2]
CUBE = [3, 3, 3]
SQUARE = [1, 3, 3]
NAMES = ("slowonly18", "r3d_18", "mc3_18", "r2plus1d_18")


def stem_layer(channels, time):
    return {"channels": channels, "kernel": [time, 7, 7], "stride": SPATIAL, "padding": [time // 2, 3, 3]}


def stage(channels, kernel, stride, factorised=False, blocks=2):
    return {
        "blocks": blocks, "channels": channels, "kernel": kernel, "stride": stride, "factorised": factorised,
    }


def backbone(name, width=None):
    """The backbone of SlowOnly-18 or of torchvision's r3d_18, mc3_18, r2plus1d_18."""
    if name == "slowonly18":
        w = width or 32
        pool = {"kernel": SQUARE, "stride": SPATIAL, "padding": [0, 1, 1]}
        stages = [
            stage(w, SQUARE, [1, 1, 1]), stage(2 * w, SQUARE, SPATIAL), stage(4 * w, CUBE, SPATIAL),
            stage(8 * w, CUBE, SPATIAL),
        ]
        return {"stem": {"convolutions": [stem_layer(w, 1)], "pool": pool}, "stages": stages}
    w = width or 64
    if name == "r2plus1d_18":
        # 45 is what torchvision's stem has at width 64.
        layers = [
            stem_layer(45 * w // 64, 1),
            {"channels": w, "kernel": [3, 1, 1], "stride": [1, 1, 1], "padding": [1, 0, 0]},
        ]
    elif name in ("r3d_18", "mc3_18"):
        layers = [stem_layer(w, 3)]
    else:
        raise ValueError(f"{name}: not one of {', '.join(NAMES)}")
    stages = [stage(w, CUBE, [1, 1, 1], name == "r2plus1d_18")]
    for multiple in (2, 4, 8):
        if name == "mc3_18":
            stages.append(stage(multiple * w, SQUARE, SPATIAL))
        else:
            stages.append(stage(multiple * w, CUBE, [2, 2, 2], name == "r2plus1d_18"))
    return {"stem": {"convolutions": layers, "pool": None}, "stages": stages}


def configuration(name, width=None, dimension=256):
    """A whole config.json."""
    if name == "slowonly18":
        frames = 8
        source = {
            "width": 112, "height": 112, "fit": "stretch", "mean": [0.0, 0.0, 0.0],
            "standard_deviation": [1.0, 1.0, 1.0], "normalization": "per_clip",
        }
        label = f"slowonly18-w{width or 32}"
    else:
        frames = 16
        source = {
            "width": 112, "height": 112, "fit": "center_crop", "resize": [128, 171],
            "mean": [0.43216, 0.394666, 0.37645], "standard_deviation": [0.22803, 0.22145, 0.216989],
            "normalization": "fixed",
        }
        label = name
    return {
        "format": 1, "name": label, "clip": {"frames": frames, "duration": 2.0, "stride": 2.0},
        "input": source, "backbone": backbone(name, width),
        "head": {"dimension": dimension, "log_variance_range": [-10, 4]}, "calibration": None, "training": {},
    }
