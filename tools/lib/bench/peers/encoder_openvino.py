"""The encoder in OpenVINO."""

import openvino
import torch

from encoding import encoder_and_clips, median_time, task


def setup(threads, model, clips, precision, is_stream, repeats, cache):
    encoder, pixels = encoder_and_clips(model, clips)
    core = openvino.Core()

    def compiled(batch, settings):
        example = pixels[:1].expand(batch, *pixels.shape[1:]).contiguous()
        with torch.no_grad():
            graph = openvino.convert_model(encoder, example_input=example)
        graph.reshape(list(example.shape))
        return core.compile_model(
            graph, "CPU",
            {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads, **settings})

    if is_stream:
        # OpenVINO's own way of keeping every thread busy.
        network = compiled(1, {"PERFORMANCE_HINT": "THROUGHPUT"})
        queue = openvino.AsyncInferQueue(network)
        ones = [part.numpy() for part in pixels.split(1)]

        def all_clips():
            for one in ones:
                queue.start_async({0: one})
            queue.wait_all()

        return lambda: median_time(all_clips, repeats)

    def make(_, batch):
        network = compiled(batch, {"PERFORMANCE_HINT": "LATENCY"})
        request = network.create_infer_request()
        return lambda clips: request.infer({0: clips.numpy()})

    return task(make, pixels, threads, False, repeats)
