"""The protocol of a layer: build, forward, backward, and its weights."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import regularizers
from rnncore.layers._activity import Penalizing
from rnncore.layers._arguments import (
    boolean,
    declared_shape,
    feature_shape,
    reject_unsupported,
)
from rnncore.layers._buffers import Buffers
from rnncore.layers._configured import Configured
from rnncore.layers._connecting import Connectable
from rnncore.layers._convert import check_mask, numeric_array
from rnncore.layers._lengths import Lengths, lengths_of, mask_of
from rnncore.layers._members import members
from rnncore.layers._weights import Weighted
from rnncore.layers.graph.symbolic import Node, is_symbolic, leaves
from rnncore.layers.parameter import Parameter, building
from rnncore.utils._arrays import narrowed
from rnncore.utils._checks import float_dtype, warn
from rnncore.utils._memory import room_for
from rnncore.utils._names import default_name

Shape = tuple[int | None, ...]


def built_once(build: Callable[..., None]) -> Callable[..., None]:
    """Return the `build` of a class that leaves the weights of a built layer alone."""

    @functools.wraps(build)
    def build_once(self: Layer, *args: Any, **kwargs: Any) -> None:
        with building:
            if self.is_building:
                build(self, *args, **kwargs)
            else:
                self.make_weights(self._checked_shape(*args, **kwargs))

    return build_once


@contextlib.contextmanager
def unbuilt_on_failure(layer: Layer) -> Iterator[None]:
    """Let an attempt to build a layer that fails leave it, and those inside, as they were."""
    built = [one for one in members(layer) if one.built]
    weights = list(layer._parameters)  # that a constructor made
    try:
        yield
    except BaseException:
        for one in members(layer):
            if one not in built:
                one.forget_weights()
        layer._parameters[:] = weights
        raise


class Layer(Configured, Connectable, Weighted, Penalizing):
    """Base of all layers.

    A subclass gives `build`, `compute_output_shape`, `forward` and `backward`. `forward` with
    ``training=True`` keeps what `backward` needs until that has run; with ``training=False`` it
    changes nothing in the layer, so that threads may share it. `backward` overwrites the
    gradients of the weights (it does not add to them) and returns the gradient of the input.
    In training both return arrays that belong to the layer: its next step overwrites them.

    Neither may write to what it gets, which other layers may read too. Everything that `forward`
    keeps for `backward` lies in ``_saved`` and ``_buffers`` of the layer and of its `children`: a
    graph that calls a layer several times exchanges them between the calls.

    Where `takes_several` is True, the input is a list of arrays: `build`, `compute_output_shape`,
    `forward` and `compute_mask` get a list of shapes, of arrays and of masks (None for an array
    that has no mask, and None in place of the list when none has one), and `backward` returns a
    list of gradients. A layer with several outputs returns lists of shapes, arrays and masks, and
    `backward` gets a list with None for an output that nothing depends on.

    A layer whose calls have further arguments names them in `call_arguments`, checks them in
    `check_arguments` and takes them in `forward`. Where gradients flow to them,
    `backward_with_arguments` returns these too.

    Parameters
    ----------
    name : str, optional
        Default: the class name in snake case, numbered over the program: ``lstm``, ``lstm_1``.
        The layers of a model need different names.
    dtype : {"float32", "float64"}, optional
        Default: that of the model, float32 outside one.
    trainable : bool, default True
        Whether the optimizer may change the weights.
    input_shape : tuple, optional
        Shape of one sample, for the first layer of a model: ``(timesteps, features)``; None
        marks an axis of any size.
    input_dim, input_length : int, optional
        Older spelling of the same: features, and timesteps.
    batch_input_shape : tuple, optional
        `input_shape` with the batch size in front, None for any; only stateful layers fix it.
    activity_regularizer : str, dict or callable, optional
        Penalty on the output, divided by the number of samples; see `rnncore.regularizers`.
    """

    # Arguments of the Keras layer that are not there yet, each with the value that asks for
    # nothing. Subclasses extend it.
    unsupported: Mapping[str, Any] = {}
    # The axes of the input, counted from its end, whose sizes the weights fix.
    fixed_axes: tuple[int, ...] = ()
    # Whether it, or what comes behind it, needs the sizes of more axes of its input than the last.
    needs_sizes = False
    # The attributes, integers or None, that with the weights decide how a training goes on.
    random_numbers: tuple[str, ...] = ()
    # Whether the input is token ids (B, T) and not numbers with a last axis of features.
    takes_ids = False
    # Names of the arguments that a call, and `forward`, have beside x, mask and training.
    call_arguments: tuple[str, ...] = ()
    # The attribute that holds the one layer or cell that it is wrapped around.
    wraps: str | None = None
    # Whether in training what comes out for a sample depends on others of its batch.
    couples_samples = False
    # Whether a mask goes on behind the layer; else it ends here, unless `output_lengths` knows how
    # long the rows become.
    supports_masking = True
    _warned_of_mask = False
    # Whether a call changes what the calls after it give, in inference too.
    stateful = False
    # Whether a call of `build` is `make_weights` at work, and not someone who asks for the weights.
    is_building = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = built_once(cls.build)  # type: ignore[method-assign]

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
        if name is not None and (not isinstance(name, str) or not name):
            raise TypeError(f"{owner}: name: expected a non-empty string or None, got {name!r}")
        self.name: str = name if name is not None else default_name(cls)
        self.explicit_dtype = None if dtype is None else float_dtype(owner, dtype)
        self.dtype: np.dtype[Any] = self.explicit_dtype or np.dtype(np.float32)
        self.trainable = trainable
        self.declared_batch_size, self.declared_input_shape = declared_shape(
            owner, input_shape, batch_input_shape, input_dim, input_length
        )
        self.activity_regularizer = regularizers.get(
            activity_regularizer, f"{owner}: activity_regularizer"
        )
        self.built = False
        self.input_shape: Shape | None = None
        self._parameters: list[Parameter] = []
        self._saved: Any = None
        self._buffers = Buffers()
        self._nodes: list[Node] = []

    def check_methods(self) -> None:
        cls = type(self)
        if cls.forward is Layer.forward and not hasattr(self, "state_size"):  # a cell has `call`
            names = ("forward", "backward", "compute_output_shape")
            missing = [one for one in names if getattr(cls, one) is getattr(Layer, one)]
            raise NotImplementedError(
                f"{cls.__name__}: expected a class with its own {', '.join(missing)}; there is no "
                "automatic differentiation, so Keras' `call` is not enough"
            )

    # -- what subclasses give ------------------------------------------------------------

    @built_once
    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of `input_shape` (batch axis included, as None).

        Once they are there, only the shape is checked.
        """

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output for inputs of `input_shape`, batch axis included."""
        return input_shape

    def compute_mask(self, x: NDArray[Any], mask: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the mask that goes on to the next layer; by default the one that came."""
        if mask is None or self.supports_masking:
            return mask
        lengths = lengths_of(mask)
        lengths = None if lengths is None else self.output_lengths(lengths)
        if lengths is None:
            self.end_mask(mask)
            return None
        steps: Any = self.compute_output_shape(x.shape)[1]
        return mask_of(lengths, steps)

    def output_lengths(self, lengths: Lengths) -> Lengths | None:
        """Return how many steps become of rows of these lengths, each as if it came alone.

        None where what becomes of a row depends on the steps behind its end.
        """
        return None

    def end_mask(self, mask: Any) -> None:
        """Warn once that a mask ends here, unless nothing is masked."""
        masks = [one for one in (mask if isinstance(mask, list) else [mask]) if one is not None]
        if self._warned_of_mask or all(one.all() for one in masks):
            return
        self._warned_of_mask = True
        warn(
            f"{self.name} ({type(self).__name__}): the mask of its input ends here: this layer and "
            "those behind it read masked steps, also what pads shorter rows of a batch, like any "
            "others",
        )

    def forward(
        self, x: NDArray[Any], *, mask: NDArray[Any] | None = None, training: bool = False
    ) -> NDArray[Any]:
        """Return the output. `x` has the layer's dtype and a checked shape."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method forward")

    def forward_with_mask(
        self, x: Any, *, mask: Any = None, training: bool | None = False, **arguments: Any
    ) -> tuple[Any, Any]:
        """Return what `forward` and `compute_mask` return.

        With ``training=None`` the calls inside of a model decide for themselves.
        """
        y = self.forward(x, mask=mask, training=bool(training), **arguments)
        return y, self.compute_mask(x, mask)

    def backward(self, dy: NDArray[Any], *, need_dx: bool = True) -> NDArray[Any] | None:
        """Write the gradients of the weights, return dx (None where `need_dx` is False)."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method backward")

    def backward_with_arguments(
        self, dy: Any, *, need_dx: bool = True
    ) -> tuple[Any, dict[str, Any]]:
        """Return what `backward` returns, and the gradients of further arguments by their names.

        A gradient has the form of the argument: a list for a list.
        """
        return self.backward(dy, need_dx=need_dx), {}

    def convert_input(self, x: ArrayLike, argument: str = "x") -> NDArray[Any]:
        """Return `x` as an array that `forward` takes; raise for what is not numeric."""
        return narrowed(argument, numeric_array(argument, x), self.dtype)

    # -- use -----------------------------------------------------------------------------

    def __call__(
        self, x: Any, *, mask: Any = None, training: bool | None = None, **arguments: Any
    ) -> Any:
        """Apply the layer to an array, making its weights at the first call.

        Parameters
        ----------
        x : array_like or SymbolicTensor
            Input, batch first. Converted to the layer's dtype. A list for layers with several
            inputs. On symbolic tensors nothing is computed: the call becomes part of a graph.
        mask : array_like of bool or SymbolicTensor, shape (B, T), optional
            True at real time steps; a list for layers with several inputs. In a graph the masks
            of the layers below go along by themselves, and one that is given replaces them.
        training : bool, optional
            Whether dropout and the like are active, by default not. In a graph it counts, as in
            Keras, when the model is called on arrays without saying `training` itself.
        **arguments
            Further ones that the layer has, such as `initial_state`.

        Returns
        -------
        ndarray or SymbolicTensor
            A tuple from layers with several outputs.

        Raises
        ------
        ValueError, TypeError
            For a wrong shape or dtype, a masked array, numbers that are not in native byte order
            or that the layer's dtype cannot hold, or weights that cannot be addressed.
        MemoryError
            When the memory does not suffice for the weights or for the output.
        """
        arguments = {"mask": mask, "training": training, **arguments}
        if is_symbolic(x) or any(is_symbolic(value) for value in arguments.values()):
            return self.connect(x, **arguments)
        if isinstance(x, Layer):
            raise TypeError(
                f"{self.name}: x: expected an array or a symbolic tensor, got the layer {x.name!r}"
            )
        if self.takes_several:
            if not isinstance(x, (list, tuple)):
                raise TypeError(
                    f"{self.name}: x: expected a list of arrays, got {type(x).__name__}"
                )
            converted: Any = [self.convert_input(one, f"x[{i}]") for i, one in enumerate(x)]
            shapes: Any = [one.shape for one in converted]
            open_shapes: Any = [(None, *shape[1:]) for shape in shapes]
        else:
            converted = self.convert_input(x)
            shapes = converted.shape
            open_shapes = (None, *shapes[1:])
        if not self.built:
            self.make_weights(open_shapes)
        self.check_input_shape(shapes)
        arguments = self.check_arguments(arguments, shapes)
        output: Any = self.compute_output_shape(shapes)
        largest = output[0] if isinstance(output, list) else output
        with room_for(f"{self.name}: x", shapes, largest, self.dtype.itemsize):
            y: Any = self.forward(converted, **arguments)
        taken = [one for one in leaves([converted, *arguments.values()]) if _is_array(one)]
        if not isinstance(y, list):
            return detached(y, taken, bool(arguments.get("training")))
        outputs: list[NDArray[Any]] = []
        for one in y:
            outputs.append(detached(one, [*taken, *outputs], bool(arguments.get("training"))))
        return tuple(outputs)

    def check_arguments(self, arguments: Mapping[str, Any], shape: Any) -> dict[str, Any]:
        """Return the arguments of a call beside an input of `shape`, without those that are None.

        On arrays they come out as `forward` takes them. A layer that has `call_arguments` of its
        own checks them here.
        """
        known = ("mask", "training", *self.call_arguments)
        unknown = [name for name in arguments if name not in known]
        if unknown:
            raise TypeError(
                f"{self.name}: expected only the arguments {', '.join(('x', *known))}, "
                f"got {unknown[0]!r}"
            )
        found = {name: value for name, value in arguments.items() if value is not None}
        if "mask" in found:
            found["mask"] = self._checked_mask(found["mask"], shape)
        if "training" in found:
            found["training"] = boolean(self.name, "training", found["training"])
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
        """Build the layer unless that is done, and remember the shape that it was built for."""
        with building:
            if self.built:
                self.check_input_shape(input_shape)
                return
            if -1 in self.fixed_axes and input_shape[-1] == 0:
                raise ValueError(
                    f"{self.name}: x: expected at least one feature, got {input_shape}"
                )
            self.is_building = True
            try:
                with unbuilt_on_failure(self):
                    self.build(input_shape)
            finally:
                del self.is_building
            self.input_shape = input_shape
            self.built = True

    def _checked_shape(self, input_shape: Any) -> Any:
        """Return the shape, or the list of shapes, that `build` was given."""
        if not self.takes_several:
            return feature_shape(self.name, "input_shape", input_shape)
        if not isinstance(input_shape, (list, tuple)):
            raise TypeError(
                f"{self.name}: input_shape: expected a list of shapes, got {input_shape!r}"
            )
        return [
            feature_shape(self.name, f"input_shape[{index}]", shape)
            for index, shape in enumerate(input_shape)
        ]

    def draw_seeds(self) -> None:
        """Draw now what training would draw later, so that a copy goes on alike."""
        for child in self.children:
            child.draw_seeds()

    def forget_weights(self) -> None:
        """Become a layer that is not built; the layers inside stay what they are."""
        self._parameters.clear()
        self.input_shape, self.built = None, False

    def check_input_shape(self, shape: Shape) -> None:
        """Raise ValueError unless `shape` has the rank and the features of the built layer."""
        built = self.input_shape
        if built is None or self.takes_several:
            return  # how several inputs fit together is for the layer to say
        if len(shape) != len(built) or any(shape[n] != built[n] for n in self.fixed_axes):
            fixed = [axis + len(built) for axis in self.fixed_axes]
            expected = tuple(size if n in fixed else None for n, size in enumerate(built))
            raise ValueError(f"{self.name}: x: expected shape {expected}, got {tuple(shape)}")

    @property
    def output_shape(self) -> Shape | None:
        """Shape of the output with None for the batch; None before the layer is built."""
        return None if self.input_shape is None else self.compute_output_shape(self.input_shape)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} built={self.built}>"

    def __getstate__(self) -> dict[str, Any]:
        # The graphs that the layer is part of do not come along: a graph brings its layers.
        return {**self.__dict__, "_saved": None, "_nodes": []}


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def detached(y: NDArray[Any], inputs: Sequence[NDArray[Any]], training: bool) -> NDArray[Any]:
    """Return an output that is the caller's alone: in training it may be the layer's own, and a
    layer that changes nothing may return its input."""
    if training or any(np.may_share_memory(y, x) for x in inputs):
        return y.copy()
    return y
