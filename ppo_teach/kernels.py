"""The same numbers on every machine. Chapter: book/appendix/reproducibility.md.

A library of linear algebra looks at the processor and then chooses its kernels. Each adds the same numbers in another
order, so the last digit of a product differs from machine to machine, and training makes that difference grow. Here
the kernels are chosen once and for all: `MKL_CBWR=COMPATIBLE` is the only branch that MKL takes on processors of every
maker (asked for AVX2 on an AMD processor it quietly chooses for itself). Its square root alone stays the processor's:
it begins with an approximation that every maker has his own of. So Adam is `fused` wherever it trains, and whitening
multiplies by `rsqrt`: these take the root themselves, rounded as IEEE 754 says.
"""

import os
import platform
import warnings
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "COMPATIBLE"}
PROBE = "71dea7"  # of `probe`, with torch 2.13 and these kernels: the same on processors of Intel and of AMD


def pin_kernels() -> bool:
    """Whether this process computes with the published kernels from now on, on one thread. Call it first of all.

    Both settings are read at torch's first operation. A warning says when that has passed, or when the processor, or
    another version of torch, has no such kernels: then everything runs, and the numbers are others. A setting of
    the environment that stands already is left as it is.
    """
    torch.set_num_threads(1)  # two threads add in another order, and our tensors are too small to be shared
    torch.backends.mkldnn.set_flags(False)  # a second library, with kernels of its own
    for setting, value in PINNED.items():
        os.environ.setdefault(setting, value)
    done = pinned()
    if not done:
        warnings.warn(f"the numbers will not be those of the book: {_reason()}", stacklevel=2)
    return done


def pinned() -> bool:
    """Whether a handful of operations gives the published bits, on one thread."""
    return torch.get_num_threads() == 1 and probe() == PROBE


def probe() -> str:
    """A digest of what products, sums and exponentials come to, in float32 and float64, in their last digit too."""
    numbers = torch.arange(96 * 200) * 7919 % 1009 / 1009 - 0.5
    left, right = numbers.view(96, 200), numbers.view(200, 96)
    product = left @ right
    results = [
        product,
        left.double() @ right.double(),
        product.log_softmax(dim=-1),
        product.double().softmax(dim=-1),
        product.tanh(),
        torch.nn.functional.gelu(product),
        torch.nn.functional.layer_norm(product, (96,)),
        product.sum(dim=0),
    ]
    return sha256(b"".join(map(_bytes, results))).hexdigest()[:6]


def machine() -> dict[str, str | int | bool]:
    """What a record says of the machine that made it: the processor's maker, and whether the kernels were pinned."""
    return {"processor": _processor(), "pinned": pinned(), "threads": torch.get_num_threads()}


def _bytes(tensor: Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


def _reason() -> str:
    offered = torch.backends.cpu.get_cpu_capability()
    if platform.machine().lower() not in ("x86_64", "amd64") or offered == "DEFAULT":
        return f"they need an x86-64 processor with AVX2; this one is {platform.machine()}, and torch uses {offered}"
    if offered != PINNED["ATEN_CPU_CAPABILITY"].upper():
        return "pin_kernels must be called before torch's first operation, and it came later"
    return f"torch {torch.__version__} has other kernels, or pin_kernels came after torch's first operation"


def _processor() -> str:
    """The processor as its maker calls it, where the system tells; else what kind of machine this is."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    told = dict([part.strip() for part in line.split(":", 1)] for line in lines if ":" in line)
    return " ".join(told[name] for name in ("vendor_id", "model name") if name in told) or platform.machine()
