"""Write the golden files of this directory with PyTorch.

Run it with PyTorch 2.13 where rnncore need not be installed::

    python tests/golden/make/cells_of_pytorch.py

Each ``data/<cell>_<case>_<dtype>.npz`` holds one call in **our** conventions: x, kernel,
recurrent_kernel, bias, h0 (and c0), for the packed case lengths, the gradients dy, dh (and dc)
that are fed to the backward, and what PyTorch computed: y, h (and c) and the gradients dx, dkernel,
drecurrent_kernel, dbias, dh0 (and dc0).

Conversion. PyTorch stores ``weight_ih (G*H, I)``, ``weight_hh (G*H, H)`` and two biases
``(G*H,)``; ours are the transposes.

- LSTM: PyTorch's gates are i f g o, and so are ours. The biases only ever occur as their sum,
  which is our bias; the gradient of either is the gradient of the sum.
- GRU: PyTorch's gates are r z n, ours are z r n, so the first two blocks change places. Its
  update gate has our sign (``h = z * h' + (1 - z) * n``) and its reset gate multiplies the product
  (``reset_after=True``), so the biases stay apart: bias (2, 3H) is bias_ih over bias_hh.
- RNN: one block; the bias is the sum of the two.

Ragged rows go through a PackedSequence, whose unpacked output is padded with zeros.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

DATA = Path(__file__).parents[1] / "data"
STEPS, INPUTS, UNITS = 6, 5, 7
LENGTHS = [4, 6, 1, 6, 3]
CELLS = ("lstm", "gru", "rnn_tanh", "rnn_relu")
GATES = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2), "rnn_tanh": (0,), "rnn_relu": (0,)}


def module_for(cell: str, inputs: int, units: int, dtype: torch.dtype) -> torch.nn.RNNBase:
    """The PyTorch layer, batch first, with its default random weights."""
    if cell == "lstm":
        return torch.nn.LSTM(inputs, units, batch_first=True, dtype=dtype)
    if cell == "gru":
        return torch.nn.GRU(inputs, units, batch_first=True, dtype=dtype)
    nonlinearity = cell.removeprefix("rnn_")
    return torch.nn.RNN(inputs, units, nonlinearity=nonlinearity, batch_first=True, dtype=dtype)


def to_ours(cell: str, weight: torch.Tensor) -> np.ndarray:
    """(G*H, n) or (G*H,) in PyTorch's order of gates to (n, G*H) or (G*H,) in ours."""
    blocks = np.split(weight.detach().numpy(), len(GATES[cell]))
    return np.concatenate([blocks[g] for g in GATES[cell]]).T.copy()


def bias_to_ours(cell: str, bias_ih: torch.Tensor, bias_hh: torch.Tensor) -> np.ndarray:
    if cell == "gru":
        return np.stack([to_ours(cell, bias_ih), to_ours(cell, bias_hh)])
    return to_ours(cell, bias_ih.detach() + bias_hh.detach())


def dbias_to_ours(cell: str, dbias_ih: torch.Tensor, dbias_hh: torch.Tensor) -> np.ndarray:
    if cell == "gru":
        return np.stack([to_ours(cell, dbias_ih), to_ours(cell, dbias_hh)])
    return to_ours(cell, dbias_ih)


def run(
    cell: str,
    *,
    batch: int,
    steps: int,
    inputs: int,
    units: int,
    lengths: list[int] | None,
    dtype: torch.dtype,
) -> dict[str, Any]:
    """One forward and backward of PyTorch from its current random state, in our conventions."""
    module = module_for(cell, inputs, units, dtype)
    names = ("h", "c") if cell == "lstm" else ("h",)
    x = torch.randn(batch, steps, inputs, dtype=dtype, requires_grad=True)
    initial = [0.5 * torch.randn(1, batch, units, dtype=dtype) for _ in names]
    for state in initial:
        state.requires_grad_()
    dy = torch.randn(batch, steps, units, dtype=dtype)
    dstate = [torch.randn(1, batch, units, dtype=dtype) for _ in names]

    given = tuple(initial) if cell == "lstm" else initial[0]
    if lengths is None:
        y, final = module(x, given)
    else:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        packed_y, final = module(packed, given)
        y, _ = pad_packed_sequence(packed_y, batch_first=True, total_length=steps)
    finals = list(final) if cell == "lstm" else [final]
    torch.autograd.backward([y, *finals], [dy, *dstate])

    call = {
        "x": x.detach().numpy(),
        "kernel": to_ours(cell, module.weight_ih_l0),
        "recurrent_kernel": to_ours(cell, module.weight_hh_l0),
        "bias": bias_to_ours(cell, module.bias_ih_l0, module.bias_hh_l0),
        "dy": dy.numpy(),
        "y": y.detach().numpy(),
        "dx": x.grad.numpy(),
        "dkernel": to_ours(cell, module.weight_ih_l0.grad),
        "drecurrent_kernel": to_ours(cell, module.weight_hh_l0.grad),
        "dbias": dbias_to_ours(cell, module.bias_ih_l0.grad, module.bias_hh_l0.grad),
    }
    for name, first, last, gradient in zip(names, initial, finals, dstate, strict=True):
        call[f"{name}0"] = first.detach().numpy()[0]
        call[name] = last.detach().numpy()[0]
        call[f"d{name}"] = gradient.numpy()[0]
        call[f"d{name}0"] = first.grad.numpy()[0]
    if lengths is not None:
        call["lengths"] = np.array(lengths, dtype=np.int64)
    return call


def main() -> None:
    DATA.mkdir(exist_ok=True)
    torch.manual_seed(20260101)
    for cell in CELLS:
        for case, batch, lengths in (("full", 3, None), ("packed", len(LENGTHS), LENGTHS)):
            for dtype in (torch.float64, torch.float32):
                call = run(
                    cell,
                    batch=batch,
                    steps=STEPS,
                    inputs=INPUTS,
                    units=UNITS,
                    lengths=lengths,
                    dtype=dtype,
                )
                suffix = "float64" if dtype == torch.float64 else "float32"
                np.savez_compressed(DATA / f"{cell}_{case}_{suffix}.npz", **call)


if __name__ == "__main__":
    main()
