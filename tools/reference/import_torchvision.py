#!/usr/bin/env python3
"""Convert torchvision's video ResNet weights (r3d_18, mc3_18, r2plus1d_18) to a model folder.

    import_torchvision.py r3d_18-b3b3357e.pth --architecture r3d_18 --out models/r3d_18
    import_torchvision.py --check            (seeded random weights: parity with torchvision itself)
    import_torchvision.py --names Tests/Fixtures/golden/torchvision.json    (what the Swift tests compare names with)

The classifier is left out. torchvision has no probabilistic head, so a new one is made: FC_mean is a seeded
rotation, which keeps the distances between features, and FC_log_variance is a constant −7.
Needs the packages of tools/reference/requirements.txt.
"""

import argparse
import json
import re
import sys
from pathlib import Path

try:
    import torch
except ModuleNotFoundError:
    requirements = Path(__file__).resolve().parent / "requirements.txt"
    sys.exit(f"error: PyTorch is not installed for {sys.executable}\n"
             f"hint: {sys.executable} -m pip install -r {requirements}, best in a virtual environment (python3 -m venv)")

from files import need_new, stored_tensors, write_model
from model import Encoder, initialise
from presets import configuration

ARCHITECTURES = ("r3d_18", "mc3_18", "r2plus1d_18")
NORM = "(weight|bias|running_mean|running_var)"

# torchvision's names → ours. `conv.0.0` and the like are the three parts of a factorised convolution.
RULES = {
    "plain": [
        (r"stem\.0\.weight", r"backbone.stem.0.conv.weight"),
        (rf"stem\.1\.{NORM}", r"backbone.stem.0.norm.\1"),
        (r"layer(\d)\.(\d)\.conv([12])\.0\.weight", r"backbone.stages.{0}.\2.conv\3.weight"),
    ],
    "factorised": [
        (r"stem\.0\.weight", r"backbone.stem.0.conv.weight"),
        (rf"stem\.1\.{NORM}", r"backbone.stem.0.norm.\1"),
        (r"stem\.3\.weight", r"backbone.stem.1.conv.weight"),
        (rf"stem\.4\.{NORM}", r"backbone.stem.1.norm.\1"),
        (r"layer(\d)\.(\d)\.conv([12])\.0\.0\.weight", r"backbone.stages.{0}.\2.conv\3.spatial.weight"),
        (rf"layer(\d)\.(\d)\.conv([12])\.0\.1\.{NORM}", r"backbone.stages.{0}.\2.conv\3.norm.\4"),
        (r"layer(\d)\.(\d)\.conv([12])\.0\.3\.weight", r"backbone.stages.{0}.\2.conv\3.temporal.weight"),
    ],
    "both": [
        (rf"layer(\d)\.(\d)\.conv([12])\.1\.{NORM}", r"backbone.stages.{0}.\2.norm\3.\4"),
        (r"layer(\d)\.(\d)\.downsample\.0\.weight", r"backbone.stages.{0}.\2.shortcut.conv.weight"),
        (rf"layer(\d)\.(\d)\.downsample\.1\.{NORM}", r"backbone.stages.{0}.\2.shortcut.norm.\3"),
    ],
}


def translated(name, factorised):
    """Our name of a torchvision tensor; None for what a model folder does not hold."""
    if name.startswith("fc.") or name.endswith("num_batches_tracked"):
        return None
    for pattern, result in RULES["factorised" if factorised else "plain"] + RULES["both"]:
        match = re.fullmatch(pattern, name)
        if match:
            stage = int(match.group(1)) - 1 if name.startswith("layer") else 0
            return match.expand(result.replace("{0}", str(stage)))
    raise ValueError(f"unexpected tensor {name}; are these weights of another architecture?")


def converted(weights, architecture, dimension=256, seed=1):
    """An encoder with torchvision's backbone and a new head."""
    encoder = initialise(Encoder(configuration(architecture, dimension=dimension)), seed)
    encoder.config["training"] = {
        "method": f"backbone: torchvision {architecture}; head: seeded, untrained", "seed": seed}
    expected = stored_tensors(encoder)
    tensors = {}
    for name, tensor in weights.items():
        ours = translated(name, architecture == "r2plus1d_18")
        if ours is None:
            continue
        if ours not in expected or expected[ours].shape != tensor.shape:
            raise ValueError(f"tensor {name} of shape {tuple(tensor.shape)} does not fit {architecture}")
        tensors[ours] = tensor
    missing = [name for name in expected if name.startswith("backbone.") and name not in tensors]
    if missing:
        raise ValueError(f"the weights lack {missing[0]}; are they of another architecture?")
    encoder.load_state_dict(tensors, strict=False)
    return encoder.eval()


def check(architecture):
    """Largest relative error of the features against torchvision with the same seeded random weights."""
    from torchvision.models import video

    torch.manual_seed(1)
    theirs = getattr(video, architecture)(weights=None).eval()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    ours = converted(theirs.state_dict(), architecture)
    theirs.fc = torch.nn.Identity()
    clips = torch.randn(2, 3, 16, 112, 112)
    with torch.no_grad():
        expected, features = theirs(clips), ours.backbone(clips)
    return ((features - expected).abs().max() / expected.abs().max()).item()


def converted_names(architecture):
    """[torchvision's name, ours, torchvision's shape] of every tensor that is taken over, in torchvision's order."""
    from torchvision.models import video

    with torch.device("meta"):
        theirs = getattr(video, architecture)(weights=None).state_dict()
    names = [(name, translated(name, architecture == "r2plus1d_18")) for name in theirs]
    return [[name, ours, list(theirs[name].shape)] for name, ours in names if ours]


def write_names(path):
    """A line a tensor, so that a difference can be read."""
    parts = []
    for architecture in ARCHITECTURES:
        lines = ",\n".join(f"  {json.dumps(row)}" for row in converted_names(architecture))
        parts.append(f' "{architecture}": [\n{lines}\n ]')
    Path(path).write_text("{\n" + ",\n".join(parts) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", help="a .pth file with torchvision's state_dict")
    parser.add_argument("--architecture", choices=ARCHITECTURES)
    parser.add_argument("--out", metavar="DIR", help="the model folder to write")
    parser.add_argument("--dimension", type=int, default=256, help="D (default: 256)")
    parser.add_argument("--seed", type=int, default=1, help="of the head (default: 1)")
    parser.add_argument("--check", action="store_true", help="compare with torchvision, and write nothing")
    parser.add_argument("--names", metavar="FILE", help="write torchvision's names, ours and the shapes as JSON")
    arguments = parser.parse_args()
    if arguments.names:
        write_names(arguments.names)
        return
    if arguments.check:
        worst = 0.0
        for architecture in ARCHITECTURES:
            error = check(architecture)
            worst = max(worst, error)
            print(f"{architecture}: largest relative error {error:.1e}")
        sys.exit(0 if worst <= 1e-5 else 1)
    if not (arguments.weights and arguments.architecture and arguments.out):
        parser.error("give a weights file, --architecture and --out, or --check, or --names")
    need_new(arguments.out)
    try:
        weights = torch.load(arguments.weights, map_location="cpu", weights_only=True)
        encoder = converted(weights, arguments.architecture, arguments.dimension, arguments.seed)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {arguments.weights}: {error}")
    write_model(arguments.out, encoder)
    print(f"{arguments.out}: {arguments.architecture}, {len(stored_tensors(encoder))} tensors")


if __name__ == "__main__":
    main()
