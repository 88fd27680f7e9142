"""The encoder in PyTorch."""

import torch

from encoding import encoder_and_clips, task


def setup(threads, model, clips, mode, is_stream, repeats, cache):
    encoder, pixels = encoder_and_clips(model, clips)
    pixels = pixels.contiguous(memory_format=torch.channels_last_3d)
    encoder = encoder.to(memory_format=torch.channels_last_3d)

    def make(thread_count, batch):
        # The count is a thread's own: each calling thread sets its own.
        def limited(function):
            def call(clips):
                if torch.get_num_threads() != thread_count:
                    torch.set_num_threads(thread_count)
                with torch.inference_mode():
                    return function(clips)

            return call

        if mode == "float32":
            return limited(encoder)
        if mode == "eager":

            def autocast(clips):
                with torch.autocast("cpu", torch.bfloat16):
                    features = encoder.backbone(clips)
                return encoder.head(features.float())

            return limited(autocast)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=mode == "frozen", cache_enabled=False):
            example = pixels[:1].expand(batch, *pixels.shape[1:]).contiguous(memory_format=torch.channels_last_3d)
            backbone = torch.jit.freeze(torch.jit.trace(encoder.backbone, example, check_trace=False))
        return limited(lambda clips: encoder.head(backbone(clips).float()))

    return task(make, pixels, threads, is_stream, repeats)
