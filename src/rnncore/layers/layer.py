"""The protocol of a layer: build, forward, backward, weights, and its place in graphs."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import constraints, initializers, regularizers
from rnncore.layers._arguments import (
    check_mask,
    compatible,
    declared_shape,
    expect_axes,
    feature_shape,
    numeric_array,
    reject_unsupported,
)
from rnncore.layers._context import collecting, supplying
from rnncore.layers._lengths import Lengths, lengths_of, mask_of
from rnncore.layers._members import members, unique, walk
from rnncore.layers.graph.symbolic import (
    CountedStep,
    MaskSteps,
    Node,
    SymbolicTensor,
    is_symbolic,
    leaves,
)
from rnncore.layers.nodes import AtOnce, Nodes
from rnncore.layers.parameter import Parameter, building
from rnncore.layers.tape import FRESH, Tape, Tapes
from rnncore.utils._arrays import narrowed, room_for
from rnncore.utils._checks import check_flag, check_name, check_type, float_dtype, warn
from rnncore.utils._config import Configurable, unknown_argument
from rnncore.utils._names import default_name
from rnncore.utils._registry import in_library
from rnncore.utils.random import Draws, new_rng

Shape = tuple[int | None, ...]
# What a user may choose for a weight, and the function that finds it by its name.
_CHOICES: dict[str, Callable[[Any, str], Any]] = {
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}

# The methods that a graph calls, with what, and the parameters that they have for it.
_CALLS = (
    ("forward", ("self", "x"), ("mask", "training"), "(self, x, *, mask=None, training=False)"),
    (
        "backward",
        ("self", "tape", "dy"),
        ("need_dx",),
        "(self, tape, dy, *, need_dx=True), where tape is what `forward` returned with the output",
    ),
)


def built_once(build: Callable[..., None]) -> Callable[..., None]:
    """Wrap the `build` of a class so that it leaves a built layer's weights alone."""

    @functools.wraps(build)
    def build_once(self: Layer, *args: Any, **kwargs: Any) -> None:
        with building:
            if self.is_building:
                build(self, *args, **kwargs)
            else:
                self.make_weights(self._checked_shape(*args, **kwargs))

    return build_once


def with_tape(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the `forward` of a user's class, which may return only the output."""

    @functools.wraps(forward)
    def forward_with_tape(*args: Any, **kwargs: Any) -> Any:
        found = forward(*args, **kwargs)
        return found if isinstance(found, tuple) else (found, None)

    return forward_with_tape


@contextlib.contextmanager
def unbuilt_on_failure(layer: Layer) -> Iterator[None]:
    """If building a layer fails, restore it and the layers inside it."""
    built = [one for one in members(layer) if one.built]
    weights = list(layer._parameters)  # made by a constructor
    try:
        yield
    except BaseException:
        for one in members(layer):
            if one not in built:
                one.forget_weights()
        layer._parameters[:] = weights
        raise


class Layer(Configurable, Tapes):
    """Base of all layers.

    A subclass defines `build`, `compute_output_shape`, `forward` and `backward`. `forward` returns
    the output and, with ``training=True``, what `backward` needs: a `Tape` or any other object. (A
    class of your own whose `backward` needs nothing may return only the output.) The layer itself
    keeps nothing of a pass, so a graph may call it several times and threads may share it.
    `backward` overwrites the gradients of the weights (it does not add to them) and returns the
    gradient of the input. Neither may write to its arguments, which other layers may read too. In
    training, what they return may lie on the tape, whose arrays the next step overwrites.

    If `takes_several` is True, the input is a list of arrays. `build`, `compute_output_shape`,
    `forward` and `compute_mask` then get lists of shapes, arrays and masks (None for an array
    without a mask, and None instead of the list if no array has one), and `backward` returns a list
    of gradients. A layer with several outputs returns lists of shapes, arrays and masks, and
    `backward` gets a list with None for each output that nothing depends on.

    A layer whose calls take further arguments names them in `call_arguments`, checks them in
    `check_arguments` and takes them in `forward`. Its `backward` returns the gradient of the input
    and a dict of the gradients of those arguments, each structured like the argument: a list for a
    list.

    Parameters
    ----------
    name : str, optional
        Default: the class name in snake case, numbered throughout the program: ``lstm``,
        ``lstm_1``. Names must be unique within a model.
    dtype : {"float32", "float64"}, optional
        Default: that of the model; float32 outside a model.
    trainable : bool, default True
        Whether the optimizer may change the weights.
    input_shape : tuple, optional
        Shape of one sample, for the first layer of a model: ``(timesteps, features)``, with None
        for an axis of any size.
    input_dim, input_length : int, optional
        Older spelling of the same: features and timesteps.
    batch_input_shape : tuple, optional
        `input_shape` with the batch size in front, None for any. Only stateful layers enforce it.
    activity_regularizer : str, dict or callable, optional
        Penalty on the output, divided by the number of samples; see `rnncore.regularizers`.
    """

    # A model saves its input shape and its weights elsewhere.
    not_configured: ClassVar[frozenset[str]] = frozenset(
        {
            "activity_regularizer",
            "batch_input_shape",
            "input_dim",
            "input_length",
            "input_shape",
            "weights",
        }
    )
    may_be_shared = True
    not_called: ClassVar[Mapping[str, str]] = {"call": "forward"}
    # Arguments of the Keras layer that are not supported yet, each with the value that changes
    # nothing. Subclasses extend it.
    unsupported: Mapping[str, Any] = {}
    # What the axes of the input are called; () where there may be any number of them.
    input_axes: tuple[str, ...] = ()
    # The axes of the input, counted from its end, whose sizes the weights fix.
    fixed_axes: tuple[int, ...] = ()
    # Whether it or the layers after it need the sizes of more axes of its input than the last.
    needs_sizes = False
    # What it draws at random, which together with the weights determines how training continues.
    draws: Draws | None = None
    # Whether the input is token ids (B, T) rather than numbers with features on the last axis.
    takes_ids = False
    # Names of the arguments of a call and of `forward`, other than x, mask and training.
    call_arguments: tuple[str, ...] = ()
    # Those arguments of a call that are True or False.
    call_flags: tuple[str, ...] = ("training",)
    # Whether it is a model, whose layers know the masks behind them and how they were called.
    is_model = False
    # Whether the input is a list of arrays.
    takes_several = False
    activity_regularizer: Any = None
    # Whether the layer's `call` in Keras takes a mask.
    reads_mask = False
    # The attributes and arguments that determine the sizes of the weights.
    size_arguments: tuple[str, ...] = ()
    # Layers inside this one; their weights belong to it too. A constructor that sets them before
    # it calls that of Layer adopts their dtype and freezes them with ``trainable=False``.
    children: Sequence[Layer] = ()
    # The attribute that holds the layer or cell it wraps.
    wraps: str | None = None
    # Whether, in training, the output for a sample depends on others in its batch.
    couples_samples = False
    # Whether the layer passes a mask on; if not it ends here, unless `output_windows` says how
    # long the rows become.
    supports_masking = True
    # Whether its output may have a mask where the input has none.
    makes_mask = False
    _warned_of_mask = False
    _speaks_for: str | None = None
    # Whether `forward` is that of a user's class.
    is_own: ClassVar[bool] = False
    # Whether a call affects later calls, in inference too.
    stateful = False
    # Whether `make_weights` is calling `build`, rather than a user.
    is_building = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = built_once(cls.build)  # type: ignore[method-assign]
        cls.makes_mask = cls.makes_mask or not in_library(cls.compute_mask)
        cls.is_own = not in_library(cls.forward)
        if cls.is_own:
            cls.forward = with_tape(cls.forward)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        input_shape: Any = None,
        batch_input_shape: Any = None,
        input_dim: int | None = None,
        input_length: int | None = None,
        activity_regularizer: Any = None,
        **others: Any,
    ) -> None:
        cls = type(self)
        owner = cls.__name__
        reject_unsupported(cls, others, self.unsupported)
        self.name = check_name(owner, name, "") or default_name(cls)
        asked = [dtype, *(child.known_dtype for child in self.children)]
        dtype = next((one for one in asked if one is not None), None)
        self.explicit_dtype = None if dtype is None else float_dtype(owner, dtype)
        self.dtype: np.dtype[Any] = self.explicit_dtype or np.dtype(np.float32)
        for child in self.children:
            self._check_dtype_of(child)
        self._trainable = check_flag(owner, "trainable", trainable)
        if not trainable:
            self.trainable = False  # and with it the layers inside
        self.declared_batch_size, self.declared_input_shape = declared_shape(
            owner, input_shape, batch_input_shape, input_dim, input_length
        )
        self.activity_regularizer = regularizers.get(
            activity_regularizer, f"{owner}: activity_regularizer"
        )
        self.built = False
        self.input_shape: Shape | None = None
        self._parameters: list[Parameter] = []
        self._tapes = []
        self._nodes: list[Node] = []

    def check_methods(self) -> None:
        cls = type(self)
        if hasattr(self, "state_size"):  # a cell, which may have Keras' `call`
            return
        if cls.forward is Layer.forward:
            names = ("forward", "backward", "compute_output_shape")
            missing = [one for one in names if getattr(cls, one) is getattr(Layer, one)]
            raise NotImplementedError(
                f"{cls.__name__}: expected a class with its own {', '.join(missing)}; there is no "
                "automatic differentiation, so Keras' `call` is not enough"
            )
        for name, given, options, expected in _CALLS:
            method = getattr(cls, name)
            if in_library(method):
                continue
            signature = inspect.signature(method)
            try:
                signature.bind(*given, **dict.fromkeys(options))
            except TypeError:
                raise TypeError(
                    f"{cls.__name__}: {name}: expected the parameters {expected}, got {signature}"
                ) from None
        super().check_methods()

    # -- what subclasses give ------------------------------------------------------------

    @built_once
    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of `input_shape` (batch axis included, as None).

        If the layer is already built, only the shape is checked. By default there are none.
        """
        self.compute_output_shape(input_shape)  # raises for inputs that do not fit

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `input_shape`, batch axis included."""
        return input_shape

    def mask_steps(self, inputs: list[CountedStep], masks: MaskSteps) -> MaskSteps:
        """Return the last step in computing the mask of each output, as Keras counts steps.

        `inputs` are the steps that produce the inputs, `masks` those of their masks, or None.
        Outputs without a mask may be left out.
        """
        goes_on = self.supports_masking and type(self).compute_mask is Layer.compute_mask
        return masks[:1] if goes_on else []

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the mask for the next layer; by default the one that came in."""
        if mask is None or self.supports_masking:
            return mask
        lengths = lengths_of(mask)
        lengths = None if lengths is None else self.output_lengths(lengths)
        if lengths is None:
            self.end_mask(mask)
            return None
        steps: Any = self.compute_output_shape(x.shape)[1]
        return mask_of(lengths, steps)

    def output_windows(self) -> tuple[int, int, int] | None:
        """Return ``(times, least, stride)``, by which the lengths of the output rows follow.

        A row of n steps, as if it were alone, becomes one of ``(times * n - least) // stride + 1``
        steps, and at least 0. None if a row depends on the steps past its end.
        """
        return None

    def output_lengths(self, lengths: Lengths) -> Lengths | None:
        """Return the lengths of the output rows, each as if its sequence were alone, or None."""
        windows = self.output_windows()
        if windows is None:
            return None
        times, least, stride = windows
        return np.maximum((times * lengths - least) // stride + 1, 0)

    def end_mask(self, mask: Any) -> None:
        """Warn once that the mask ends here, unless nothing is masked."""
        masks = [one for one in (mask if isinstance(mask, list) else [mask]) if one is not None]
        if self._warned_of_mask or all(one.all() for one in masks):
            return
        self._warned_of_mask = True
        warn(
            f"{self.name} ({type(self).__name__}): the mask of its input ends here: this layer "
            "and those after it treat masked steps, including the padding of shorter rows in a "
            "batch, like any others",
        )

    def infer(self, f: Nodes, x: Any, mask: Any = None) -> Any:
        """Return the output in inference, as nodes; see `rnncore.layers.nodes`.

        `x`, `mask` and what is returned are what nodes take and give; lists for several. A layer
        with `call_arguments` takes them too.

        Raises
        ------
        ValueError
            If only Python can run the layer.
        """
        raise ValueError(
            f"{self.name}: runtime: expected a layer that runs without Python, got a "
            f"{type(self).__name__}"
        )

    def inferred(
        self, x: Any, mask: Any = None, tape: Tape = FRESH, **arguments: Any
    ) -> tuple[Any, Any]:
        """Return what `forward` returns, by the nodes of `infer`: an output on the tape, and it."""
        infer: Any = self.infer
        return infer(AtOnce(tape), x, mask, **arguments), tape

    def infer_mask(self, f: Nodes, x: Any, mask: Any, y: Any) -> Any:
        """Return the mask that `compute_mask` returns, as a node."""
        if mask is None or self.supports_masking:
            return mask
        windows = self.output_windows()
        return None if windows is None else f.node("window_lengths", [y, mask], attributes=windows)

    def forward(self, x: Any, *, mask: Any = None, training: bool = False) -> tuple[Any, Any]:
        """Return the output and, in training, what `backward` needs of this pass.

        `x` has the layer's dtype and a checked shape.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward")

    def backward(self, tape: Any, dy: Any, *, need_dx: bool = True) -> Any:
        """Write the gradients of the weights and return dx, or None if `need_dx` is False.

        `tape` is what `forward` returned with the output; it is used once.
        """
        raise NotImplementedError(f"{type(self).__name__}: expected a method backward")

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `forward` takes, or raise if it is not numeric."""
        return narrowed(argument, numeric_array(argument, x), self.dtype)

    def expect_made(self, y: Any, declared: Any) -> None:
        """Raise unless `y` has the shape, or is a list with the shapes, that were declared."""
        expected = [tuple(one) for one in (declared if isinstance(declared, list) else [declared])]
        made = [np.shape(one) for one in (y if isinstance(y, list) else [y])]
        several = "a list of " if isinstance(declared, list) else ""
        fits = isinstance(y, list) == bool(several) and len(made) == len(expected)
        if not fits or not all(map(compatible, made, expected)):
            raise ValueError(
                f"{self.name}: forward: expected {several}outputs of shape "
                f"{', '.join(map(str, expected))}, as compute_output_shape says, "
                f"got {type(y).__name__} of shape {', '.join(map(str, made))}"
            )

    # -- use -----------------------------------------------------------------------------

    def __call__(
        self, x: Any, *, mask: Any = None, training: bool | None = None, **arguments: Any
    ) -> Any:
        """Apply the layer to an array; the first call makes its weights.

        Parameters
        ----------
        x : array_like or SymbolicTensor
            Input, batch first, converted to the layer's dtype; a list for layers with several
            inputs. With symbolic tensors nothing is computed: the call becomes part of a graph.
        mask : array_like of bool or SymbolicTensor, shape (B, T), optional
            True at real time steps; a list for layers with several inputs. In a graph, masks are
            passed on automatically, and one given here replaces them.
        training : bool, optional
            Whether dropout and the like are active; by default they are not. In a graph it applies,
            as in Keras, when the model is called on arrays without `training`.
        **arguments
            Further arguments of the layer, such as `initial_state`.

        Returns
        -------
        ndarray or SymbolicTensor
            A tuple from layers with several outputs.

        Raises
        ------
        ValueError, TypeError
            If the shape or dtype is wrong, `x` is a masked array or not in native byte order, the
            layer's dtype cannot hold a number, or the weights are too large to address.
        MemoryError
            If there is not enough memory for the weights or the output.
        """
        arguments = {"mask": mask, "training": training, **arguments}
        if is_symbolic(x) or any(is_symbolic(value) for value in arguments.values()):
            return self.connect(x, **arguments)
        if isinstance(x, Layer):
            raise TypeError(
                f"{self.name}: x: expected an array or a symbolic tensor, got the layer {x.name!r}"
            )
        arrays = [self.convert_input(one, name) for name, one in self._by_input("x", x, "arrays")]
        shapes = self._joined([array.shape for array in arrays])
        if not self.built:
            self.make_weights(self._joined([(None, *array.shape[1:]) for array in arrays]))
        self.check_input_shape(shapes)
        arguments = self.check_arguments(arguments, shapes)
        output: Any = self.compute_output_shape(shapes)
        largest = output[0] if isinstance(output, list) else output
        with room_for(f"{self.name}: x", shapes, largest, self.dtype.itemsize):
            y, _ = self.forward(self._joined(arrays), **arguments)  # no one else holds the tape
        if self.is_own:
            self.expect_made(y, output)
        given = leaves([arrays, *arguments.values()])
        taken = [one for one in given if isinstance(one, np.ndarray)]
        if not isinstance(y, list):
            return detached(y, taken)
        outputs: list[NDArray[Any]] = []
        for one in y:
            outputs.append(detached(one, [*taken, *outputs]))
        return tuple(outputs)

    def check_arguments(self, arguments: Mapping[str, Any], shape: Any) -> dict[str, Any]:
        """Return the arguments of a call on an input of `shape`, except those that are None.

        For arrays, converted to what `forward` takes. A layer with its own `call_arguments` checks
        them here.
        """
        known = ("x", "mask", "training", *self.call_arguments)
        for name in arguments:
            if name not in known:
                raise unknown_argument(self.name, name, known)
        found = {name: value for name, value in arguments.items() if value is not None}
        if "mask" in found:
            found["mask"] = self._checked_mask(found["mask"], shape)
        for name in self.call_flags:
            if name in found:
                found[name] = check_flag(self.name, name, found[name])
        return found

    def _checked_mask(self, mask: Any, shapes: Any) -> Any:
        if not self.takes_several:
            return check_mask(self.name, mask, shapes)
        if not isinstance(mask, (list, tuple)) or len(mask) != len(shapes):
            raise TypeError(f"{self.name}: mask: expected a list of {len(shapes)} masks or None")
        return [
            None if one is None else check_mask(self.name, one, shape)
            for one, shape in zip(mask, shapes, strict=True)
        ]

    def make_weights(self, input_shape: Shape) -> None:
        """Build the layer if it is not built yet, and remember the shape it was built for."""
        with building:
            if self.built:
                self.check_input_shape(input_shape)
                return
            if -1 in self.fixed_axes and input_shape[-1] == 0:
                raise ValueError(
                    f"{self.name}: x: expected at least one feature, got {input_shape}"
                )
            if self.input_axes:
                expect_axes(self.name, input_shape, self.input_axes)
            self.is_building = True
            try:
                with unbuilt_on_failure(self):
                    self.build(input_shape)
            finally:
                del self.is_building
            self.input_shape = input_shape
            self.built = True

    def build_inside(self, layer: Layer, input_shape: Shape) -> None:
        """Make the weights of a layer inside this one, in the same dtype."""
        self._check_dtype_of(layer)
        if layer.known_dtype is None:
            layer.dtype = self.dtype
        layer.make_weights(input_shape)

    def _check_dtype_of(self, layer: Layer) -> None:
        asked = layer.known_dtype
        if asked is not None and asked != self.dtype:
            raise ValueError(
                f"{self.name}: dtype: expected {asked}, that of {layer.name!r}, got {self.dtype}"
            )

    def _checked_shape(self, input_shape: Any) -> Any:
        """Return the shape or list of shapes given to `build`."""
        each = self._by_input("input_shape", input_shape, "shapes")
        return self._joined([feature_shape(self.name, name, shape) for name, shape in each])

    def _by_input(self, argument: str, given: Any, kind: str) -> list[tuple[str, Any]]:
        """Return what is given for each input, behind the name that errors call it by."""
        if not self.takes_several:
            return [(argument, given)]
        if not isinstance(given, (list, tuple)):
            raise TypeError(
                f"{self.name}: {argument}: expected a list of {kind}, got {type(given).__name__}"
            )
        return [(f"{argument}[{index}]", one) for index, one in enumerate(given)]

    def _joined(self, each: list[Any]) -> Any:
        """Return what belongs to each input as the methods take it: a list, or the only one."""
        return each if self.takes_several else each[0]

    def draw_seeds(self) -> None:
        """Draw seeds now rather than in training, so that a copy continues alike."""
        for child in self.children:
            child.draw_seeds()

    def stateful_layers(self) -> list[Any]:
        """Return the layers, this one or inside of it, that keep states from batch to batch."""
        return unique(one for child in self.children for one in child.stateful_layers())

    def reversing_layer(self) -> Layer | None:
        """Return the layer, this one or inside of it, that gives its steps in reverse, if any."""
        return next(filter(None, (child.reversing_layer() for child in self.children)), None)

    def forget_weights(self) -> None:
        """Return to the unbuilt state; the layers inside are not changed."""
        self._parameters.clear()
        self.input_shape, self.built = None, False

    def check_input_shape(self, shape: Shape) -> None:
        """Raise ValueError unless `shape` has the rank and features of the built layer."""
        built = self.input_shape
        if built is None or self.takes_several:
            return  # the layer itself checks how several inputs fit together
        if len(shape) != len(built) or any(shape[n] != built[n] for n in self.fixed_axes):
            fixed = [axis + len(built) for axis in self.fixed_axes]
            expected = tuple(size if n in fixed else None for n, size in enumerate(built))
            raise ValueError(f"{self.name}: x: expected shape {expected}, got {tuple(shape)}")

    # -- weights -------------------------------------------------------------------------

    @property
    def known_dtype(self) -> np.dtype[Any] | None:
        """The dtype that the layer has or asks for; None if it takes any."""
        return self.dtype if self.built else self.explicit_dtype

    @property
    def _owner(self) -> str:
        """The class named in errors about arguments: the layer's, or the one it was made for."""
        return self._speaks_for or type(self).__name__

    def choose(self, weight: str, arguments: Mapping[str, Any]) -> None:
        """Check the arguments common to all weights, and keep them as attributes.

        ``choose("kernel", arguments)`` sets `kernel_initializer`, `kernel_regularizer` and
        `kernel_constraint` to what a constructor was given; `chosen` passes them to `add_weight`.
        """
        for kind, get in _CHOICES.items():
            argument = f"{weight}_{kind}"
            setattr(self, argument, get(arguments.get(argument), f"{self._owner}: {argument}"))

    def chosen(self, weight: str) -> dict[str, Any]:
        """Return what `choose` stored for a weight, as arguments of `add_weight`."""
        return {kind: getattr(self, f"{weight}_{kind}") for kind in _CHOICES}

    def add_weight(
        self,
        short_name: str = "variable",
        shape: Sequence[int] = (),
        initializer: Any = None,
        *,
        name: str | None = None,
        regularizer: Any = None,
        constraint: Any = None,
        decay: bool = True,
        trainable: bool = True,
    ) -> Parameter:
        """Make a weight from an initializer and register it, in the order of the calls.

        With ``trainable=False`` no optimizer ever changes it, only the layer itself. Training adds
        the penalty of `regularizer` to the loss and applies `constraint` after every step, unless
        the weight is frozen. As in Keras the name may be given as ``name=``, and the default
        initializer is "glorot_uniform".
        """
        short_name, shape = short_name if name is None else name, tuple(shape)
        check_type(f"{self.name}: add_weight", "name", short_name, str, "a string")
        initializer = "glorot_uniform" if initializer is None else initializer
        make = initializers.for_weights(initializers.get(initializer))
        owner = f"{self.name}: {', '.join(self.size_arguments) or short_name}"
        sizes = ", ".join(str(getattr(self, argument)) for argument in self.size_arguments)
        source = f"{self.name}: initializer of {short_name}"
        supply = supplying.get()
        if supply is not None:
            value = supply(owner, shape, self.dtype)
        else:
            # Initializers draw in float64, whatever the dtype of the weight.
            with room_for(owner, sizes or shape, shape):
                drawn = numeric_array(source, make(shape, self.dtype, new_rng()), scalar=not shape)
                value = np.array(narrowed(source, drawn, self.dtype))
        if value.shape != shape:
            raise ValueError(f"{source}: expected an array of shape {shape}, got {value.shape}")
        parameter = Parameter(
            self,
            short_name,
            value,
            decay=decay,
            trainable=trainable,
            regularizer=regularizers.get(regularizer, f"{self.name}: regularizer of {short_name}"),
            constraint=constraints.get(constraint, f"{self.name}: constraint of {short_name}"),
        )
        self._parameters.append(parameter)
        return parameter

    @property
    def trainable(self) -> bool:
        """Whether the optimizer may change the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = check_flag(type(self).__name__, "trainable", value)
        Parameter.trainable_changes += 1
        for child in self.children:
            child.trainable = value

    @property
    def weights(self) -> list[Parameter]:
        """All weights, in Keras' order."""
        inner = (parameter for child in self.children for parameter in child.weights)
        return unique([*self._parameters, *inner])

    @property
    def trainable_weights(self) -> list[Parameter]:
        """The weights that the optimizer may change."""
        return [parameter for parameter in self.weights if parameter.trainable]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """The weights that the optimizer does not change."""
        return [parameter for parameter in self.weights if not parameter.trainable]

    @property
    def variables(self) -> list[Parameter]:
        """Alias of `weights`, as in Keras."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Parameter]:
        """Alias of `trainable_weights`, as in Keras."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Parameter]:
        """Alias of `non_trainable_weights`, as in Keras."""
        return self.non_trainable_weights

    @property
    def losses(self) -> list[float]:
        """The penalties on the trained weights, one for each that has a regularizer.

        Penalties on outputs depend on the data and appear only in `evaluate` and training.
        """
        return [p.penalty() for p in self.trainable_weights if p.regularizer is not None]

    def get_weights(self) -> list[NDArray[Any]]:
        """Return copies of the weights, in Keras' order and shapes."""
        return [parameter.value.copy() for parameter in self.weights]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Set all weights from a list of arrays, as `get_weights` returns them.

        Raises
        ------
        ValueError, TypeError
            If the number of arrays or a shape differs, or an array is not numeric or does not fit
            the dtype of the weights. No weight is changed then.
        """
        if isinstance(weights, (str, bytes, Mapping)) or not isinstance(weights, Iterable):
            raise TypeError(
                f"{self.name}: weights: expected a list of arrays, got {type(weights).__name__}"
            )
        given, own = list(weights), self.weights
        if len(given) != len(own):
            raise ValueError(f"{self.name}: weights: expected {len(own)} arrays, got {len(given)}")
        arrays = [
            parameter.converted(weight, f"{self.name}: weights[{index}]")
            for index, (parameter, weight) in enumerate(zip(own, given, strict=True))
        ]
        for parameter, array in zip(own, arrays, strict=True):
            parameter.value[...] = array

    def count_params(self) -> int:
        """Return the number of elements of all weights; ValueError before the layer is built."""
        if not self.built:
            raise ValueError(f"{self.name}: count_params: the layer is not built yet")
        return sum(parameter.size for parameter in self.weights)

    # -- graphs --------------------------------------------------------------------------

    def call_output_shape(self, input_shape: Shape, arguments: Mapping[str, Any]) -> Any:
        """Return the output shape of a call with these arguments, a list for several outputs."""
        return self.compute_output_shape(input_shape)

    def connect(self, x: Any, **arguments: Any) -> Any:
        """Add a call on symbolic tensors to the graph and return its outputs."""
        if isinstance(x, (list, tuple)) and not self.takes_several:
            raise TypeError(
                f"{self.name}: x: expected one symbolic tensor, got a list; only a layer whose "
                "class sets takes_several = True takes one, and Concatenate and its like make one "
                "tensor of several"
            )
        tensors = [tensor for _, tensor in self._by_input("x", x, "symbolic tensors")]
        for tensor in tensors:
            if not isinstance(tensor, SymbolicTensor):
                raise TypeError(
                    f"{self.name}: x: expected symbolic tensors only, got {type(tensor).__name__}"
                )
        self._agree_on_dtype(tensors)
        shapes = self._joined([tensor.shape for tensor in tensors])
        self.make_weights(shapes)
        arguments = self.check_arguments(arguments, shapes)
        node = Node(
            self,
            tensors,
            self.call_output_shape(shapes, arguments),
            self.dtype,
            takes_list=self.takes_several,
            arguments=arguments,
        )
        self._agree_on_dtype(node.reads)
        self._nodes.append(node)
        return node.outputs if node.gives_list else node.outputs[0]

    def _agree_on_dtype(self, tensors: Sequence[SymbolicTensor]) -> None:
        """Adopt the dtype of the previous layers; that of an `Input` is the dtype of the data."""
        for tensor in tensors:
            if not tensor.node.inputs:
                continue
            if not self.built and self.explicit_dtype is None:
                self.dtype = self.explicit_dtype = tensor.dtype
            elif self.dtype != tensor.dtype:
                raise ValueError(
                    f"{self.name}: dtype: expected {tensor.dtype}, that of {tensor.name!r}, got "
                    f"{self.dtype}; a model has one dtype, which each of its first layers must "
                    "ask for"
                )

    def _first_node(self, argument: str) -> Node:
        if not self._nodes:
            raise AttributeError(
                f"{self.name}: {argument}: expected a layer that was called on a symbolic tensor "
                "or whose model knows its input shape, got one that was not"
            )
        return self._nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic tensor that the layer was called on; a list if it takes several.

        Of the first call, as in Keras; AttributeError if there was none. A `Sequential` that knows
        its input shape calls its layers.
        """
        node = self._first_node("input")
        return list(node.inputs) if node.takes_list else node.inputs[0]

    @property
    def output(self) -> Any:
        """The symbolic tensor that the layer returned; see `input`."""
        node = self._first_node("output")
        return list(node.outputs) if node.gives_list else node.outputs[0]

    # -- penalties on the output ---------------------------------------------------------

    @property
    def penalizes_activity(self) -> bool:
        """Whether the layer has a gradient even if no loss depends on its output."""
        return any(one.activity_regularizer is not None for one in walk(self))

    def penalize(self, y: Any, tape: Tape, key: str) -> list[NDArray[Any]] | None:
        """Add the penalty on an output, or on a list of outputs, to those being collected.

        In training, returns its gradients for `penalized`, one for each output, stored on `tape`
        under names with `key`. A layer that runs another one calls both methods if there is an
        `activity_regularizer`.
        """
        collected = collecting.get()
        if collected is None and not tape.recording:
            return None
        gradients = []
        for index, one in enumerate(y if isinstance(y, list) else [y]):
            samples = max(1, len(one)) if collected is None else collected.samples
            if not one.flags.c_contiguous:  # or the regularizer would make a copy
                one = tape.copied(f"{key} output {index}", one)
            if collected is not None:
                collected.total += float(self.activity_regularizer(one)) / samples
            if tape.recording:
                gradient = tape.take(f"{key} {index}", one.shape, one.dtype)
                gradient[...] = 0
                regularizers.add_grad(
                    self.activity_regularizer, one, gradient, f"{self.name}: activity"
                )
                gradient /= samples
                gradients.append(gradient)
        return gradients

    def penalized(self, dy: Any, gradients: list[NDArray[Any]]) -> Any:
        """Return the gradient of the output with that of the penalty on it."""
        dys = dy if isinstance(dy, list) else [dy]
        for gradient, one in zip(gradients, dys, strict=True):
            if one is not None:
                gradient += one
        return gradients if isinstance(dy, list) else gradients[0]

    # -- configuration -------------------------------------------------------------------

    def current_arguments(self) -> dict[str, Any]:
        found = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype.name}
        if self.activity_regularizer is not None:
            found["activity_regularizer"] = self.activity_regularizer
        return found

    @property
    def output_shape(self) -> Shape | None:
        """Shape of the output with None for the batch; None before the layer is built."""
        return None if self.input_shape is None else self.compute_output_shape(self.input_shape)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} built={self.built}>"

    def __getstate__(self) -> dict[str, Any]:
        # Leave out the graphs that the layer is part of: a graph holds its layers.
        return {**self.__dict__, "_tapes": [], "_nodes": []}


def detached(y: NDArray[Any], inputs: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return an output that the caller owns, copied if the layer returned its input."""
    return y.copy() if any(np.may_share_memory(y, x) for x in inputs) else y
