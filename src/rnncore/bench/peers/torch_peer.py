"""PyTorch: nn.LSTM, nn.GRU and nn.RNN, PackedSequence where rows are ragged."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from rnncore.bench.cases import Array, Problem
from rnncore.bench.peers.base import Candidate, Outputs, Peer, gate_columns, two_biases

_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
# How their names end, in the order of ours.
_SUFFIXES = ("_l0", "_l0_reverse", "_l1", "_l1_reverse")


class TorchPeer(Peer):
    name = "torch"
    refusals = (
        (lambda case: case.cell == "gru_before", "has no GRU with reset_after=False"),
        (lambda case: case.rows == "front", "a PackedSequence has no front padding"),
    )

    def configure(self, threads: int) -> None:
        importlib.import_module("torch").set_num_threads(threads)

    def prepare(self, problem: Problem) -> list[Candidate]:
        torch = importlib.import_module("torch")
        case = problem.case
        module = _make_module(torch, problem)
        x = torch.from_numpy(problem.x.copy())
        lengths = None if problem.lengths is None else torch.from_numpy(problem.lengths.copy())
        if case.trains:
            return [_training(torch, problem, module, x, lengths)]
        module.eval()
        # In the fast path of nn.LSTM the state has a leading axis of layers.
        state = _state(torch, problem, leading=True)
        label = "PackedSequence" if lengths is not None else type(module).__name__
        call = _inference(torch, lambda: _run(torch, module, x, state, lengths))
        candidates = [Candidate(label, call, _outputs)]
        if case.mode == "step":
            candidates.append(_cell(torch, problem, module))
        elif lengths is None:
            frozen = torch.jit.freeze(torch.jit.trace(module, x, check_trace=False))
            frozen(x)
            call = _inference(torch, lambda: frozen(x))
            candidates.append(Candidate("traced and frozen", call, _outputs))
        return candidates


def _inference(torch: Any, run: Callable[[], Any]) -> Callable[[], Any]:
    def call() -> Any:
        with torch.inference_mode():
            return run()

    return call


def _columns(problem: Problem) -> Array:
    """The columns of the weights in PyTorch's order, r z n for a GRU; their own inverse."""
    case = problem.case
    return gate_columns(case, (1, 0, 2) if case.cell == "gru" else range(case.gates))


def _make_module(torch: Any, problem: Problem) -> Any:
    case = problem.case
    options: dict[str, Any] = {"num_layers": 2, "bidirectional": True} if case.stacked else {}
    options["dtype"] = getattr(torch, case.dtype)
    module = getattr(torch.nn, case.cell.upper())(case.inputs, case.units, **options)
    with torch.no_grad():
        for weights, suffix in zip(problem.weights, _SUFFIXES, strict=False):
            arrays = weights.kernel, weights.recurrent_kernel, *two_biases(weights)
            for name, array in zip(_WEIGHTS, arrays, strict=True):
                ordered = np.ascontiguousarray(array[..., _columns(problem)].T)
                getattr(module, name + suffix).copy_(torch.from_numpy(ordered))
    return module


def _state(torch: Any, problem: Problem, leading: bool) -> Any:
    if problem.state is None:
        return None
    arrays = [torch.from_numpy(array.copy()) for array in problem.state]
    if leading:
        arrays = [array[None] for array in arrays]
    return tuple(arrays) if len(arrays) == 2 else arrays[0]


def _run(torch: Any, module: Any, x: Any, state: Any, lengths: Any) -> Any:
    if lengths is None:
        return module(x, state)
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, state = module(packed, state)
    return rnn.pad_packed_sequence(y, total_length=len(x))[0], state


def _cell(torch: Any, problem: Problem, module: Any) -> Candidate:
    """The cell of one step, which has less around it."""
    case = problem.case
    kind = f"{case.cell.upper()}Cell"
    cell = getattr(torch.nn, kind)(case.inputs, case.units, dtype=getattr(torch, case.dtype))
    cell.load_state_dict({name: getattr(module, f"{name}_l0") for name in _WEIGHTS})
    x = torch.from_numpy(problem.x[0].copy())
    state = _state(torch, problem, leading=False)

    def outputs(result: Any) -> Outputs:
        states = _states(result)
        return [states[0][None], *states]

    return Candidate(kind, _inference(torch, lambda: cell(x, state)), outputs)


def _training(torch: Any, problem: Problem, module: Any, x: Any, lengths: Any) -> Candidate:
    x.requires_grad_(True)
    dy = torch.from_numpy(problem.dy.copy())
    leaves = [x, *module.parameters()]

    def call() -> Any:
        y, state = _run(torch, module, x, None, lengths)
        return y, state, torch.autograd.grad(y, leaves, dy)

    def outputs(result: Any) -> Outputs:
        y, state, (dx, *given) = result
        gradients = [dx.numpy()]
        for start in range(0, len(given), 4):
            dw, du, db, dc = (array.numpy().T for array in given[start : start + 4])
            bias = np.stack([db, dc]) if problem.case.cell == "gru" else db
            gradients += [array[..., _columns(problem)] for array in (dw, du, bias)]
        return _outputs((y.detach(), state)) + gradients

    return Candidate("PackedSequence" if lengths is not None else "autograd", call, outputs)


def _outputs(result: Any) -> Outputs:
    y, state = result
    # One state is the last; a stack has four, which nobody compares.
    return [y.numpy(), *(array[0] for array in _states(state) if len(array) == 1)]


def _states(state: Any) -> list[Array]:
    states = state if isinstance(state, tuple) else (state,)
    return [array.detach().numpy() for array in states]
