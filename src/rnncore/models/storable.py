"""Models in files and as configurations."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from rnncore import saving
from rnncore.models.network import Network
from rnncore.saving import model_file
from rnncore.utils._config import deserialize_items, read_as_one, serialize, written_as_one
from rnncore.utils._registry import custom_object_scope, in_library


class Storable(Network):
    """What a model has of files and configurations.

    The configuration of a model is its structure, unless it is of a user's class that has a
    constructor of its own: then it is the arguments of that.
    """

    optimizer: Any
    # The arguments of `compile`, but the optimizer, which may be another one by now.
    _compile_arguments: dict[str, Any] | None

    # -- files -----------------------------------------------------------------------------

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        *,
        include_optimizer: bool = True,
    ) -> None:
        """Write the whole model to a file, which `rnncore.models.load_model` reads.

        The file is replaced as a whole: whatever ends the program, the old one or the new one is
        there.

        Parameters
        ----------
        filepath : str or path
            Any name, ``.rnnc`` by habit, but none that says a format of Keras.
        overwrite : bool, default True
        include_optimizer : bool, default True
            Whether the arguments of `compile` and the state of the training are kept, so that the
            model trains on with the bits that it would have had.

        Raises
        ------
        OSError
            When the file cannot be written, or is there and `overwrite` is False.
        ValueError, TypeError
            For a model that a file cannot hold: one with a function that has no name.

        Warns
        -----
        UserWarning
            For a name such as ``model.keras``: what is written is no file of Keras.

        Examples
        --------
        >>> import os, tempfile
        >>> from rnncore import Sequential
        >>> from rnncore.layers import Dense
        >>> model = Sequential([Dense(2, input_shape=(3,))])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(os.path.join(folder, "model.rnnc"))
        ...     os.listdir(folder)
        ['model.rnnc']
        """
        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the weights alone to a file, which `load_weights` reads.

        Parameters
        ----------
        filepath : str or path
            As for `save`.
        overwrite : bool, default True

        Raises
        ------
        OSError
            When the file cannot be written, or is there and `overwrite` is False.
        ValueError
            For a model that is not built.

        Warns
        -----
        UserWarning
            For a name such as ``model.weights.h5``: what is written is no HDF5.
        """
        saving.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Set the weights from a file of `save_weights`, `save` or `ModelCheckpoint`.

        Parameters
        ----------
        filepath : str or path
        skip_mismatch : bool, default False
            Whether weights that the file does not have, or in another shape, are left as they are,
            with a warning.

        Raises
        ------
        OSError
            When the file cannot be read.
        ValueError
            When it is none of this library, broken, of a newer major version of the format, or
            holds other weights; nothing was changed then.

        Notes
        -----
        Weights are found by the way to them, such as ``bidirectional/lstm_1/kernel``: classes of
        layers in their order. The names of layers do not count.

        Examples
        --------
        >>> import os, tempfile
        >>> from rnncore import Sequential
        >>> from rnncore.layers import Dense
        >>> one, other = (Sequential([Dense(2, input_shape=(3,))]) for _ in range(2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "weights.rnnc")
        ...     one.save_weights(path)
        ...     other.load_weights(path)
        >>> bool((one.get_weights()[0] == other.get_weights()[0]).all())
        True
        """
        saving.load_weights(self, filepath, skip_mismatch)

    # -- configurations --------------------------------------------------------------------

    def to_json(self, **kwargs: Any) -> str:
        """Return the structure as JSON, which `rnncore.models.model_from_json` reads.

        Parameters
        ----------
        **kwargs
            Options of `json.dumps`, such as ``indent=2``.

        Raises
        ------
        ValueError, TypeError
            For a model with a function that has no name, or with arguments that are no values.

        Examples
        --------
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> from rnncore.models import model_from_json
        >>> model_from_json(Sequential([LSTM(4, input_shape=(5, 2))]).to_json()).output_shape
        (None, 4)
        """
        return model_file.model_text(self, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the structure: the layers with their arguments and connections."""
        if self.is_remembered:
            return super().get_config()
        return written_as_one(self._structure)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a model, with new weights, from what `get_config` returned.

        Parameters
        ----------
        config : dict
        custom_objects : dict of str to class or function, optional
            What it may name besides what is registered; see `rnncore.saving`.

        Raises
        ------
        ValueError, TypeError
            For a configuration that is none.
        """
        with custom_object_scope(custom_objects or {}):
            if not in_library(cls.__init__):
                return cls(**deserialize_items(config))
            return read_as_one(lambda: cls._of_structure(config))

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return the arguments of `compile`, None before that."""
        if self._compile_arguments is None:
            return None
        found: dict[str, Any] = serialize({"optimizer": self.optimizer, **self._compile_arguments})
        return found

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        self.compile(**deserialize_items(config))

    def get_build_config(self) -> dict[str, Any] | None:
        """Return for which shape of the input the weights were made, if nothing else tells it."""
        if not self.is_remembered or not self.built:
            return None
        return {"input_shape": self.input_shape}

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Make the weights for what `get_build_config` returned."""
        if not self.built:
            self.build(tuple(config["input_shape"]))

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Choose how to train."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method compile")

    def current_arguments(self) -> dict[str, Any]:
        return {"name": self.name, "trainable": self.trainable}

    def _structure(self) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__}: expected a method _structure")

    @classmethod
    def _of_structure(
        cls, config: Mapping[str, Any], made: Mapping[str, Any] | None = None
    ) -> Self:
        """Make a model; the layers are those in `made`, by name, where that is given."""
        raise NotImplementedError(f"{cls.__name__}: expected a method _of_structure")
