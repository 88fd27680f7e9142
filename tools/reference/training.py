"""What train.py and joint.py share: options, a model to begin with, checkpoints."""

import argparse
import os

import torch

from files import read_model
from model import Encoder, initialise
from presets import NAMES, configuration


def options(description, **defaults):
    """A parser with the options of both; the defaults of those without one here are the program's."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--cache", required=True, metavar="DIR", help="made by decode_cache.py")
    add("--out", required=True, metavar="DIR")
    add("--architecture", choices=NAMES, default="slowonly18")
    add("--width", type=int, help="of the first stage")
    add("--dimension", type=int, default=256, help="D")
    add("--from", dest="start", metavar="DIR", help="start from a model folder")
    add("--seed", type=int, default=1)
    add("--steps", type=int)
    add("--batch", type=int, help="videos a step, each with two views; or pictures")
    add("--clips", type=int, help="N, clips of a view; 2 and more teach the spread within a video")
    add("--rate", type=float)
    add("--decay", type=float)
    add("--warm-up", type=int)
    add("--clip-norm", type=float, default=5.0)
    add("--nce", type=float, default=0.5, help="0 is ProViCo, 1 the deterministic baseline")
    add("--samples", type=int, default=8, help="K")
    add("--quantile", type=float, default=0.01, help="share of the pairs that mining takes; 0: none")
    add("--kl", type=float, default=1e-4)
    add("--temperature", type=float, default=0.1)
    add("--label-weight", type=float, help="of a classifier of the labelled stills")
    add("--video-label-weight", type=float, help="of a classifier of the labelled videos")
    add("--stills", type=float, help="share of stills among a batch's items")
    add("--smallest-crop", type=float)
    add("--copies", type=float, help="probability of each effect that copies show")
    add("--log-every", type=int, default=20)
    add("--checkpoint-minutes", type=float, default=3)
    add("--resume", action="store_true")
    parser.set_defaults(**defaults)
    return parser


def begin(arguments):
    """The encoder of --from, or a new one."""
    if arguments.start:
        return read_model(arguments.start)
    return initialise(
        Encoder(configuration(arguments.architecture, arguments.width, arguments.dimension)), arguments.seed)


def save_state(out, state):
    torch.save(state, out / "checkpoint.pt.partial")
    os.replace(out / "checkpoint.pt.partial", out / "checkpoint.pt")
