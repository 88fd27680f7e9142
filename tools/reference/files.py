"""Model folders: config.json and model.safetensors, as the Swift code reads and writes them."""

import json
import os
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from model import Encoder

CONFIGURATION_KEYS = {
    "format", "name", "clip", "input", "backbone", "head", "calibration", "training", "notes",
}
FORMAT = 1


def need_new(folder, hint="choose another folder"):
    """Ends the program where the folder holds a model."""
    if (Path(folder) / "model.safetensors").exists():
        sys.exit(f"error: {folder} holds a model already\nhint: {hint}")


def read_configuration(folder):
    path = Path(folder) / "config.json"
    config = json.loads(path.read_text())
    if config.get("format") != FORMAT:
        raise ValueError(f"{path}: format {config.get('format')}; this software reads format {FORMAT}")
    unknown = sorted(set(config) - CONFIGURATION_KEYS)
    if unknown:
        raise ValueError(f"{path}: unknown key {unknown[0]}")
    return config


def stored_tensors(encoder):
    """Name → tensor, as the file has them: PyTorch's count of batches is not part of a model."""
    return {
        name: tensor for name, tensor in encoder.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def read_model(folder):
    """The encoder of a model folder, in evaluation mode, float32."""
    encoder = Encoder(read_configuration(folder))
    tensors = load_file(Path(folder) / "model.safetensors")
    expected = stored_tensors(encoder)
    for name in sorted(set(expected) ^ set(tensors)):
        problem = "is missing" if name in expected else "is not part of this model"
        raise ValueError(f"{folder}/model.safetensors: tensor {name} {problem}")
    encoder.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
    return encoder.eval()


def write_model(folder, encoder, dtype=torch.float32):
    """Writes a model folder; each file appears whole or not at all."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.detach().to("cpu", dtype).contiguous()
        for name, tensor in stored_tensors(encoder).items()
    }
    partial = folder / "model.safetensors.partial"
    save_file(tensors, partial)
    partial.chmod(0o644)
    os.replace(partial, folder / "model.safetensors")
    partial = folder / "config.json.partial"
    partial.write_text(json.dumps(encoder.config, indent=2) + "\n")
    os.replace(partial, folder / "config.json")
