"""The encoder in ONNX Runtime, float32: its processor kernels know no bfloat16 convolutions."""

import hashlib
from pathlib import Path

import onnxruntime
import torch

from encoding import encoder_and_clips, task


def exported(encoder, model, batch, cache):
    """An ONNX file of the encoder for batches of that size."""
    digest = hashlib.sha256((Path(model) / "model.safetensors").read_bytes()).hexdigest()[:12]
    path = Path(cache) / f"{digest}-{batch}.onnx"
    if not path.exists():
        config = encoder.config
        example = torch.zeros(
            batch, 3, config["clip"]["frames"], config["input"]["height"], config["input"]["width"])
        partial = path.with_suffix(".partial.onnx")
        # Names of our own: the exporter's may be taken by layers inside.
        torch.onnx.export(
            encoder, (example,), str(partial), input_names=["clips"], output_names=["gaussian_mean", "gaussian_spread"],
            dynamo=True, external_data=False)
        partial.rename(path)
    return path


def setup(threads, model, clips, is_stream, repeats, cache):
    encoder, pixels = encoder_and_clips(model, clips)

    def make(thread_count, batch):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(
            str(exported(encoder, model, batch, cache)), options, providers=["CPUExecutionProvider"])
        return lambda clips: session.run(None, {"clips": clips.numpy()})

    return task(make, pixels, threads, is_stream, repeats)
