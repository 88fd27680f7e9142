"""Clips → Gaussians, against PyTorch, ONNX Runtime and OpenVINO."""

from bench.machine import timed

TITLE = "Encoder"
NOTE = (
    "From bytes to Gaussians on our side; the peers get clips that are normalised already, and give mean and "
    "log variance. “One clip” is the time of a clip that comes alone, its layers spread over all threads on either side. "
    "“8 clips” is one call with eight. “A stream” "
    "is as many clips as one likes: each peer is given its better way, a clip a thread or eight clips over all threads."
)
GROUP = "encoder"

# Name → (module, needs, settings); the fastest of them is what counts.
PEERS = {
    "PyTorch bf16 frozen": ("encoder_torch", ["torch", "safetensors"], {"mode": "frozen"}),
    "PyTorch bf16 eager": ("encoder_torch", ["torch", "safetensors"], {"mode": "eager"}),
    "PyTorch float32 channels-last": ("encoder_torch", ["torch", "safetensors"], {"mode": "float32"}),
    "PyTorch float32 frozen": ("encoder_torch", ["torch", "safetensors"], {"mode": "float32 frozen"}),
    "ONNX Runtime float32": ("encoder_onnx", ["torch", "safetensors", "onnx", "onnxscript", "onnxruntime"], {}),
    "OpenVINO float32": ("encoder_openvino", ["torch", "safetensors", "openvino"], {"precision": "f32"}),
    "OpenVINO bf16": ("encoder_openvino", ["torch", "safetensors", "openvino"], {"precision": "bf16"}),
}


def measure(bench):
    named = bench.work / "models" / "r3d_18"
    if not (named / "config.json").exists():
        named.parent.mkdir(parents=True, exist_ok=True)
        timed([bench.program.path, "model", "create", named, "--preset", "r3d_18", "--seed", "1"])
    default = ("default model", bench.options.model)
    other = ("r3d_18, 16 × 112²", named)
    if bench.quick:
        hold(bench, *default, "a stream", 8, 1)
        hold(bench, *other, "one clip", 1, 1)
        return
    hold(bench, *default, "one clip", 1, 10)
    hold(bench, *default, "8 clips", 8, 5)
    hold(bench, *default, "a stream", 32, 5)
    # Twenty times the work a clip.
    hold(bench, *other, "one clip", 1, 5)
    hold(bench, *other, "8 clips", 8, 2)
    hold(bench, *other, "a stream", 16, 1)


def hold(bench, label, model, shape, clips, repeats):
    contest = bench.contest(
        GROUP, f"{label}, {shape}", "clips", clips, threads=bench.threads, model=str(model), repeats=repeats)
    common = ["encode", "--model", model, "--threads", bench.threads, "--clips", clips, "--repeats", repeats]
    bench.enter_ours(contest, lambda: bench.program.benchmark(*common)["seconds"])
    for name, (module, needs, settings) in PEERS.items():
        bench.enter_worker(
            contest, name, module, needs, model=str(model), clips=clips, is_stream=shape == "a stream",
            repeats=repeats, cache=str(bench.work / "models"), in_bfloat16="bf16" in name, **settings)
    bench.hold(contest)
