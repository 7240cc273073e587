"""Models as configurations, in the form that Keras gives them, and models made from these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from rnncore.layers.core.input_layer import InputLayer
from rnncore.layers.graph.symbolic import SymbolicTensor, leaves, replaced
from rnncore.layers.layer import Layer
from rnncore.networks.graph import Graph
from rnncore.saving.model_file import model_of_text
from rnncore.utils._checks import check_type
from rnncore.utils._config import deserialize, record

# Name of a layer, index of its call, index of the tensor among the outputs of that call.
Place = tuple[str, int, int]
_TENSOR = "__keras_tensor__"


def graph_config(graph: Graph, inputs: Sequence[SymbolicTensor]) -> list[dict[str, Any]]:
    """Return a record of every layer, with its name and its calls."""
    places = places_of(graph, inputs)

    def described(tensor: SymbolicTensor) -> dict[str, Any]:
        return {
            "class_name": _TENSOR,
            "config": {
                "shape": list(tensor.shape),
                "dtype": tensor.dtype.name,
                "keras_history": list(places[tensor]),
            },
        }

    entries = []
    for tensor in inputs:
        if tensor.node.inputs:  # what comes before it is not part of the model
            name = places[tensor][0]
            first = InputLayer(batch_shape=tensor.shape, dtype=tensor.dtype.name, name=name)
            entries.append({**record(first), "name": name, "inbound_nodes": []})
    for layer in graph.layers:
        calls = [
            {
                "args": [
                    replaced(list(node.inputs) if node.takes_list else node.inputs[0], described)
                ],
                "kwargs": {
                    name: replaced(value, described) for name, value in node.arguments.items()
                },
            }
            for node in graph.nodes
            if node.layer is layer and node.inputs
        ]
        entries.append({**record(layer), "name": layer.name, "inbound_nodes": calls})
    return entries


def places_of(graph: Graph, inputs: Sequence[SymbolicTensor]) -> dict[SymbolicTensor, Place]:
    """Return where each tensor comes from."""
    places: dict[SymbolicTensor, Place] = {}
    taken = {layer.name for layer in graph.layers}
    for tensor in inputs:
        name = tensor.name
        if tensor.node.inputs:
            while name in taken:
                name += "_input"
            taken.add(name)
        places[tensor] = (name, 0, 0)
    counts: dict[str, int] = {}
    for node in graph.nodes:
        number = counts[node.layer.name] = counts.get(node.layer.name, -1) + 1
        for tensor in node.outputs:
            places.setdefault(tensor, (node.layer.name, number, tensor.index))
    return places


def tensors_of_config(
    entries: Any, made: Mapping[str, Layer] | None = None
) -> dict[Place, SymbolicTensor]:
    """Make the layers of a configuration, or take those in `made`, and make its calls.

    Raises
    ------
    ValueError
        If calls need each other, or something that no call produces.
    """
    layers: dict[str, Layer] = {}
    calls: dict[tuple[str, int], Any] = {}
    tensors: dict[Place, SymbolicTensor] = {}
    for entry in entries:
        name = entry["name"]
        if name in layers:
            raise ValueError(f"expected a unique name for each layer, got {name!r} twice")
        layer = layers[name] = layer_of(entry, made)
        if isinstance(layer, InputLayer):
            tensors[name, 0, 0] = layer.output
        for number, call in enumerate(entry["inbound_nodes"]):
            calls[name, number] = call
    for name, number in _in_order(calls, tensors):
        call = calls[name, number]
        (x,) = _with_tensors(call["args"], tensors)
        arguments = {key: _with_tensors(v, tensors) for key, v in call["kwargs"].items()}
        given = layers[name].connect(x, **arguments)
        for index, tensor in enumerate(given if isinstance(given, (list, tuple)) else [given]):
            tensors[name, number, index] = tensor
    return tensors


def layer_of(entry: Mapping[str, Any], made: Mapping[str, Layer] | None) -> Layer:
    """Return the layer in `made` that an entry names, else a new one; ValueError for no layer."""
    name: Any = entry.get("name")
    if made and name in made:
        return made[name]
    layer = deserialize(entry)
    if not isinstance(layer, Layer):
        raise ValueError(f"{name}: expected a layer, got {type(layer).__name__}")
    if name is not None:
        layer.name = name
    return layer


def _in_order(
    calls: Mapping[tuple[str, int], Any], tensors: Mapping[Place, SymbolicTensor]
) -> list[tuple[str, int]]:
    needs = {}
    for key, call in calls.items():
        places = [_place(one) for one in leaves([call["args"], list(call["kwargs"].values())])]
        needs[key] = [place[:2] for place in places if place and place not in tensors]
        for other in needs[key]:
            if other not in calls:
                raise ValueError(f"{key[0]}: expected calls of existing layers, got {other}")
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        found = error.args[1]
        raise ValueError(f"expected calls without a cycle, got {found}") from None


def _place(value: Any) -> Place | None:
    if isinstance(value, Mapping) and value.get("class_name") == _TENSOR:
        return _checked(value["config"]["keras_history"])
    return None


def _checked(value: Any) -> Place:
    name, number, index = value
    if not isinstance(name, str) or not isinstance(number, int) or not isinstance(index, int):
        raise ValueError(f"expected the name of a layer and two numbers, got {value!r}")
    return name, number, index


def _with_tensors(value: Any, tensors: Mapping[Place, SymbolicTensor]) -> Any:
    if isinstance(value, (list, tuple)):
        return [_with_tensors(item, tensors) for item in value]
    place = _place(value)
    return value if place is None else tensors[place]


def structured_tensors(value: Any, tensors: Mapping[Place, SymbolicTensor]) -> Any:
    """Return the tensors at the places of inputs or outputs, in the same structure."""
    if isinstance(value, Mapping):
        return {key: structured_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str):
        return tensors[_checked(value)]
    return [structured_tensors(item, tensors) for item in value]


def clone_model(
    model: Any,
    input_tensors: None = None,
    clone_function: Callable[[Layer], Layer] | None = None,
) -> Any:
    """Copy a model: new layer objects with the same arguments, and newly initialized weights.

    Parameters
    ----------
    model : Model
        A `Sequential` or a ``Model(inputs, outputs)``.
    input_tensors : None
        Not supported: call the clone on other inputs.
    clone_function : callable, optional
        Takes each layer except the inputs and returns its replacement. Default:
        ``layer.from_config(layer.get_config())``.

    Raises
    ------
    ValueError, TypeError
        If `model` is not such a model, `input_tensors` is given, or `clone_function` does not
        return a layer.

    Examples
    --------
    >>> from rnncore import Sequential
    >>> from rnncore.layers import LSTM, Dense
    >>> from rnncore.models import clone_model
    >>> model = Sequential([LSTM(4, input_shape=(5, 2)), Dense(1)])
    >>> clone_model(model).count_params() == model.count_params()
    True
    """
    if not getattr(model, "is_model", False):
        raise TypeError(f"clone_model: model: expected a model, got {model!r}")
    if input_tensors is not None:
        raise ValueError(
            "clone_model: input_tensors: expected None (call the clone on other inputs), got "
            f"{input_tensors!r}"
        )
    config = model.get_config()
    if "layers" not in config or clone_function is None:
        return type(model).from_config(config)
    owner, argument = "clone_model", "clone_function"
    check_type(owner, argument, clone_function, Callable, "a function")
    clones = {}
    for layer in model.layers:
        if not isinstance(layer, InputLayer):
            expected, clone = f"a layer for {layer.name!r}", clone_function(layer)
            clones[layer.name] = check_type(owner, argument, clone, Layer, expected)
    return type(model)._of_structure(config, clones)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a model with new weights from the result of ``model.to_json()``.

    Parameters
    ----------
    json_string : str
    custom_objects : dict of str to class or function, optional
        Names that it may use besides rnncore's own classes and registered ones; see
        `rnncore.saving.register_keras_serializable`.

    Raises
    ------
    ValueError, TypeError
        If the text does not describe a model, or names something unknown.
    """
    check_type("model_from_json", "json_string", json_string, str, "a string")
    return model_of_text(json_string, custom_objects)
