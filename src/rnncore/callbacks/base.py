"""What a callback is, and the one that is made of functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from rnncore.utils._checks import check_type
from rnncore.utils._config import explained

Logs = dict[str, Any] | None


class Callback:
    """Base of the callbacks of `fit`, `evaluate` and `predict`.

    A subclass overrides the hooks it needs; the others cost nothing. Epochs and batches count from
    0. `logs` holds the loss and the metrics by name: at the end of a batch their means over the
    epoch so far, at the end of an epoch also those of the validation with the prefix ``"val_"``.
    What a callback writes into an epoch's logs is seen by the callbacks after it and by the
    history. ``self.model.stop_training = True`` ends `fit` after the current batch or epoch.

    Attributes
    ----------
    model : Model
        The model that runs.
    params : dict
        In `fit`: ``epochs``, ``steps`` per epoch, ``batch_size`` and ``verbose``; in `evaluate` and
        `predict`: ``steps`` and ``verbose``.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import Callback
    >>> from rnncore.layers import Dense
    >>> class StopBelow(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         self.model.stop_training = logs["loss"] < 10.0
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> len(model.fit(x, y, epochs=5, verbose=0, callbacks=[StopBelow()]).epoch)
    1
    """

    # On the class, so that a subclass need not call __init__.
    model: Any = None
    params: Mapping[str, Any] = {}
    # All callbacks of the run, and whether this one runs after the others.
    peers: Sequence[Callback] = ()
    comes_last = False
    # The keys of the logs that only some of the epochs to come have.
    of_some: Collection[str] = ()
    # What it writes into the logs of every epoch.
    adds: Sequence[str] = ()
    # The attributes to save for a resumed run: JSON, and lists of arrays.
    kept: Sequence[str] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = explained(cls.__init__)  # type: ignore[method-assign]

    def get_state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {name: getattr(self, name) for name in self.kept}

    def set_state(self, state: dict[str, Any]) -> None:
        """Resume from the result of `get_state`."""
        for name, value in state.items():
            setattr(self, name, value)

    def set_model(self, model: Any) -> None:
        """Set the model that is about to run."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set what is known about the run before it begins."""
        self.params = params

    def expect_use(self, names: Collection[str] | None) -> None:
        """Raise if this callback is bound to fail, or to do nothing, in the coming `fit`.

        `names` are the keys of an epoch's logs; None if user-defined callbacks may change them.
        """

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch of `fit`."""

    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch, with its `logs`. Not called after an exception."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `fit`; calls `on_batch_begin`, its older name."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `fit`; calls `on_batch_end`, its older name."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before `evaluate`, and before the validation of an epoch."""

    def on_test_end(self, logs: Logs = None) -> None:
        """After `evaluate`, and after the validation of an epoch."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `evaluate` or of the validation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `evaluate` or of the validation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """After `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of `predict`; ``logs["outputs"]`` are its outputs."""


# The hooks, each with the older name that Keras still calls if only that is defined.
_HOOKS: dict[str, str | None] = {
    hook: hook.replace("train_", "") if hook.startswith("on_train_batch") else None
    for hook in vars(Callback)
    if hook.startswith("on_") and not hook.startswith("on_batch")
}


class CallbackList:
    """The callbacks of one run.

    Parameters
    ----------
    callbacks : None, Callback, or iterable of Callback
    model : Model
    owner : str
        Name of the calling method, for errors.
    params : mapping
        See `Callback`.

    Raises
    ------
    TypeError
        If something is not a callback, or a hook has the wrong parameters.
    """

    def __init__(
        self, callbacks: Any, model: Any, owner: str, params: Mapping[str, Any] | None = None
    ) -> None:
        self.callbacks = _as_list(callbacks, owner)
        for callback in self.callbacks:
            _expect_arguments(callback)
        self.callbacks.sort(key=lambda callback: callback.comes_last)
        for callback in self.callbacks:
            callback.peers = self.callbacks
            callback.set_params(dict(params or {}))
            callback.set_model(model)
        self._calls: dict[str, list[Callable[..., Any]]] = {
            hook: [getattr(one, hook) for one in self.callbacks if _overridden(one, hook, older)]
            for hook, older in _HOOKS.items()
        }

    def expect_use(self, names: Collection[str], of_some: Collection[str] = ()) -> None:
        """Let the callbacks raise before `fit` begins; `names` are the keys of an epoch's logs.

        Those in `of_some` are missing in other epochs.
        """
        hooks = [getattr(one, hook) for one in self.callbacks for hook in _HOOKS]
        ours = all(str(getattr(hook, "__module__", "")).startswith("rnncore.") for hook in hooks)
        added = [name for callback in self.callbacks for name in callback.adds]
        for callback in self.callbacks:
            callback.of_some = of_some
            callback.expect_use([*names, *added] if ours else None)

    def wants(self, hook: str) -> bool:
        """Whether any callback does something in this hook."""
        return bool(self._calls[hook])

    def call(self, hook: str, *arguments: Any) -> None:
        """Call a hook of every callback that has it, in order."""
        for call in self._calls[hook]:
            call(*arguments)


def _overridden(callback: Callback, *hooks: str | None) -> list[str]:
    """Return which of the hooks do something."""
    return [
        name
        for name in hooks
        if name is not None
        and (name in vars(callback) or getattr(type(callback), name) is not getattr(Callback, name))
    ]


def _expect_arguments(callback: Callback) -> None:
    """Raise TypeError now for hooks that could not be called later."""
    for hook in _overridden(callback, *_HOOKS, *_HOOKS.values()):
        expected = [*inspect.signature(getattr(Callback, hook)).parameters][1:]
        try:
            inspect.signature(getattr(callback, hook)).bind(*expected)
        except TypeError as error:
            raise TypeError(
                f"{type(callback).__name__}: {hook}: expected a function of "
                f"({', '.join(expected)}): {error}"
            ) from None
        except ValueError:  # a C function without a signature
            continue


def _as_list(callbacks: Any, owner: str) -> list[Callback]:
    if callbacks is None:
        return []
    if isinstance(callbacks, Callback):
        return [callbacks]
    if isinstance(callbacks, (str, bytes)) or not isinstance(callbacks, Iterable):
        raise TypeError(f"{owner}: callbacks: expected a list of callbacks, got {callbacks!r}")
    found = list(callbacks)
    for index, callback in enumerate(found):
        if not isinstance(callback, Callback):
            hint = ", the class: write it with its arguments" if isinstance(callback, type) else ""
            raise TypeError(
                f"{owner}: callbacks[{index}]: expected a Callback, got {callback!r}{hint}"
            )
    return found


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Called as ``f(epoch, logs)``.
    on_train_begin, on_train_end : callable, optional
        Called as ``f(logs)``.
    on_train_batch_begin, on_train_batch_end : callable, optional
        Called as ``f(batch, logs)``.
    **others
        Functions for the other hooks of `Callback`.

    Raises
    ------
    TypeError
        If a hook is unknown or not callable.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.callbacks import LambdaCallback
    >>> from rnncore.layers import Dense
    >>> model = Sequential([Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, list(logs)))
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[show])
    0 ['loss']
    1 ['loss']
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Callable[..., Any] | None,
    ) -> None:
        given = {**locals(), **others}
        del given["self"], given["others"]
        known = {*_HOOKS, *(older for older in _HOOKS.values() if older)}
        for hook, function in given.items():
            if hook not in known:
                raise TypeError(
                    f"LambdaCallback: expected hooks of {', '.join(sorted(known))}, got {hook!r}"
                )
            if function is not None:
                check_type("LambdaCallback", hook, function, Callable, "a function")
                setattr(self, hook, function)
