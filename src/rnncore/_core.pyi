from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

CELLS: dict[str, int]
ACTIVATIONS: dict[str, int]
ISAS: dict[str, int]
FUNCTIONS: dict[str, int]

class Context:
    def __init__(
        self, num_threads: int = 0, max_isa: str | None = None, blas: bool = True
    ) -> None: ...
    @property
    def num_threads(self) -> int: ...
    def start_threads(self) -> int: ...
    @property
    def isa(self) -> str: ...
    @property
    def blas(self) -> str: ...
    @property
    def row_steps(self) -> int: ...
    @property
    def sections(self) -> int: ...
    def assume_cpus(self, cpus: int) -> None: ...
    @property
    def tasks_done(self) -> tuple[int, ...]: ...

class Weights:
    has_bias: bool
    @property
    def cell(self) -> str: ...
    @property
    def input_size(self) -> int: ...
    @property
    def units(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def stream(self, batch: int = 1) -> Stream: ...

class Workspace: ...

class Tape:
    used: bool
    batch: int
    steps: int
    time_major: bool
    @property
    def cell(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def scratch_nbytes(self) -> int: ...

def blocks_allocated() -> int: ...
def spare_memory() -> list[int]: ...
def set_context(context: Context) -> None: ...
def get_context() -> Context: ...
def cpus() -> tuple[int, float | None]: ...

class Call:
    @property
    def workspace(self) -> Workspace: ...

def forward_call(
    cell: str,
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    initial_state: Any,
    lengths: ArrayLike | None,
    mask: Any,
    go_backwards: bool,
    time_major: bool,
    out: Any,
    activation: str = "tanh",
    reset_after: bool = True,
    training: bool = False,
    workspace: Workspace | None = None,
    need_y: bool = True,
    zero_masked: bool = False,
    recurrent_activation: str = "sigmoid",
    recurrent_mask: Any = None,
) -> Call: ...
def pack_weights(
    cell: str,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    activation: str = "tanh",
    reset_after: bool = True,
    recurrent_activation: str = "sigmoid",
) -> Weights: ...
def backward_call(
    cell: str,
    recorded: Tape,
    dy: Any,
    dstate: Any,
    need_dx: bool = True,
    dx: Any = None,
    dkernel: Any = None,
    drecurrent_kernel: Any = None,
    dbias: Any = None,
) -> Call: ...
def kernel_path(
    cell: str,
    activation: str,
    recurrent_activation: str = "sigmoid",
    recurrent_dropout: bool = False,
) -> str: ...
def run(call: Call) -> tuple[Any, ...]: ...
def run_together(calls: list[Call]) -> list[Any]: ...
def available_isas() -> list[str]: ...
def activation(function: str, x: Any, isa: str) -> NDArray[np.floating]: ...
def machine_fma(isa: str, dtype: Any, iterations: int) -> float: ...

class ReadBuffer:
    size: int
    def __init__(self, size: int) -> None: ...
    def read(self, isa: str, repeats: int) -> int: ...

OPTIMIZERS: dict[str, int]
DENSE_ACTIVATIONS: dict[str, int]
LOSSES: dict[str, int]

class Scratch: ...

def optimizer_step(
    optimizer: str,
    params: NDArray[Any],
    grads: NDArray[Any],
    slots: tuple[NDArray[Any] | None, ...],
    pieces: list[tuple[int, int, float, float]],
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    beta_1: float = 0.0,
    beta_2: float = 0.0,
    epsilon: float = 0.0,
    clip: float = ...,
) -> None: ...
def norm(x: NDArray[Any]) -> float: ...
def gather_rows(table: NDArray[Any], ids: NDArray[Any], out: NDArray[Any]) -> None: ...
def scatter_add_rows(
    table: NDArray[Any], cleared: NDArray[Any], ids: NDArray[Any], rows: NDArray[Any]
) -> None: ...
def dense_forward(
    x: NDArray[Any],
    kernel: NDArray[Any],
    bias: NDArray[Any] | None,
    y: NDArray[Any],
    activation: str,
    scratch: Scratch | None = None,
) -> None: ...
def dense_backward(
    x: NDArray[Any],
    kernel: NDArray[Any],
    y: NDArray[Any] | None,
    dy: NDArray[Any],
    dx: NDArray[Any] | None,
    dkernel: NDArray[Any] | None,
    dbias: NDArray[Any] | None,
    activation: str,
    scratch: Scratch | None = None,
) -> None: ...
def activate(activation: str, x: NDArray[Any], y: NDArray[Any]) -> None: ...
def loss(
    kind: str,
    y: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
    dy: NDArray[Any] | None,
    scale: float,
    smoothing: float = 0.0,
    delta: float = 0.0,
) -> float: ...
def dropout(x: NDArray[Any], y: NDArray[Any], rate: float, key: int, call: int) -> None: ...

class Model:
    source: bytes | Weights
    can_stream: bool
    output_per_step: bool
    inputs: tuple[tuple[str, np.dtype[Any], tuple[int | None, ...]], ...]
    outputs: tuple[tuple[str, np.dtype[Any], tuple[int | None, ...]], ...]
    step_shapes: tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]
    def __init__(self, source: bytes | Weights) -> None: ...
    @property
    def blocking_node(self) -> int: ...
    def run(
        self, arrays: Sequence[NDArray[Any]], lengths: Sequence[NDArray[Any] | None] | None = None
    ) -> list[NDArray[Any]]: ...

class Stream:
    model: Model
    batch: int
    state_size: int
    def __init__(self, source: Model | bytes | Weights, batch: int = 1) -> None: ...
    def step(self, x: Any, out: Any = None) -> Any: ...
    def run(self, x: Any, out: Any = None) -> Any: ...
    def step_many(self, x: Any, active: Any = None, out: Any = None) -> Any: ...
    def reset(self, rows: Any = None) -> None: ...
    @property
    def state(self) -> NDArray[Any]: ...
    @state.setter
    def state(self, value: ArrayLike) -> None: ...
    def set_rows(self, rows: Any, state: ArrayLike) -> None: ...
    def copy(self) -> Self: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _: Any) -> Self: ...

def run_node(
    name: str,
    kind: int,
    inputs: list[NDArray[Any] | None],
    tensors: list[Any],
    attributes: list[int],
    numbers: list[float],
    outputs: int,
    dtype: np.dtype[Any],
    take: Callable[[str, tuple[int, ...], Any], NDArray[Any]] = ...,
    place: str = "",
) -> Any: ...
