"""PyTorch on the processor: the same protocol as ../engine_process.ts."""

import json
import math
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

TOLERANCE = 1e-4
LONG_MS = 4000
SHORTEST_MS = 150
MEASUREMENTS = 4
EPS = 1e-5
NEGATIVE_SLOPE = 0.01


def main():
    tasks_file = pathlib.Path(sys.argv[-1])
    say(engine=f"PyTorch {torch.__version__}, CPU with {torch.get_num_threads()} threads")
    for task in json.loads(tasks_file.read_text()):
        try:
            with torch.inference_mode():
                say(task=task["name"], **run_task(task, tasks_file.parent))
        except Exception as error:
            say(task=task["name"], reason=str(error).splitlines()[0])


def run_task(task, folder):
    def read(array, shape):
        elements = bytearray((folder / f"{task['name']}.{array}.f32").read_bytes())
        return torch.frombuffer(elements, dtype=torch.float32).reshape(shape)

    inputs = {array: read(array, shape) for array, shape in task["inputs"].items()}
    compute = OPERATIONS[task["operation"]](task, inputs)
    reference = read("output", task["output"])
    deviation = float((compute() - reference).abs().max() / reference.abs().max())
    if not deviation <= TOLERANCE:
        return {"deviation": deviation, "reason": f"wrong result: it differs by {deviation:.2g}"}
    return {**measure(compute), "deviation": deviation}


def measure(compute):
    best = measure_runs(compute, 1)
    if best["ms"] > LONG_MS / MEASUREMENTS:
        return best
    times = math.ceil(SHORTEST_MS / best["ms"])
    for _ in range(MEASUREMENTS):
        measured = measure_runs(compute, times)
        best = min(best, measured, key=lambda result: result["ms"])
    return best


def measure_runs(compute, times):
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(times):
        compute()
    scale = 1000 / times
    return {
        "ms": (time.perf_counter() - wall) * scale,
        "cpuMs": (time.process_time() - processor) * scale,
    }


def convolution(task, inputs):
    convolve = {4: F.conv2d, 5: F.conv3d}[len(task["output"])]
    return lambda: convolve(inputs["x"], inputs["weight"], padding=1)


def conv_transpose(task, inputs):
    convolve = {4: F.conv_transpose2d, 5: F.conv_transpose3d}[len(task["output"])]
    return lambda: convolve(inputs["x"], inputs["weight"], stride=2)


def backward(task, inputs, input_mask, x, weight):
    axes = len(task["output"]) - 2
    ones, zeros = [1] * axes, [0] * axes
    outputs = torch.ops.aten.convolution_backward(
        inputs["gradY"], x, weight, None, ones, ones, ones, False, zeros, 1, input_mask
    )
    return next(output for output in outputs if output is not None)


def grad_input(task, inputs):
    x = torch.empty(task["output"])
    return lambda: backward(task, inputs, [True, False, False], x, inputs["weight"])


def grad_weight(task, inputs):
    weight = torch.empty(task["output"])
    return lambda: backward(task, inputs, [False, True, False], inputs["x"], weight)


def unet(task, inputs):
    kwargs = task["unet"]
    axes = len(task["output"]) - 2
    conv, conv_transpose = (
        (F.conv2d, F.conv_transpose2d) if axes == 2 else (F.conv3d, F.conv_transpose3d)
    )

    def convolve(x, name, stride=1):
        weight = inputs[f"{name}.weight"]
        padding = [(size - 1) // 2 for size in weight.shape[2:]]
        return conv(x, weight, inputs[f"{name}.bias"], stride=stride, padding=padding)

    def stack(x, name, count, stride=1):
        for i in range(count):
            block = f"{name}.convs.{i}"
            x = convolve(x, f"{block}.conv", stride if i == 0 else 1)
            x = F.instance_norm(
                x,
                weight=inputs[f"{block}.norm.weight"],
                bias=inputs[f"{block}.norm.bias"],
                eps=EPS,
            )
            x = F.leaky_relu(x, NEGATIVE_SLOPE, inplace=True)
        return x

    def forward():
        x, skips = inputs["x"], []
        for stage, stride in enumerate(kwargs["strides"]):
            x = stack(x, f"encoder.stages.{stage}.0", kwargs["n_conv_per_stage"][stage], stride)
            skips.append(x)
        skips.pop()
        for i, count in enumerate(kwargs["n_conv_per_stage_decoder"]):
            name = f"decoder.transpconvs.{i}"
            stride = kwargs["strides"][-1 - i]
            x = conv_transpose(x, inputs[f"{name}.weight"], inputs[f"{name}.bias"], stride=stride)
            x = stack(torch.cat([x, skips.pop()], 1), f"decoder.stages.{i}", count)
        return convolve(x, f"decoder.seg_layers.{i}")

    return forward


OPERATIONS = {
    "convolution": convolution,
    "convTranspose": conv_transpose,
    "gradInput": grad_input,
    "gradWeight": grad_weight,
    "unet": unet,
}


def say(**line):
    print(json.dumps(line), flush=True)


main()
