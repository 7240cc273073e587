"""Four programs that classify text, as printed but for the imports and the placeholders.

Three of them share a mistake that Keras does not survive either: the dictionary lacks words of
the phrases, and phrases of different length do not make an array. They run with a complete
dictionary and padding; as printed they end in a clear error.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncore.layers import GRU, LSTM, Dense, Embedding, SimpleRNN
from rnncore.models import Sequential
from rnncore.utils import pad_sequences, to_categorical

DATA = [
    ("I love this movie", 0),
    ("This movie is terrible", 1),
    ("I hate this movie", 1),
    ("This is my favorite movie", 0),
]
PRINTED_WORDS = {"this": 0, "movie": 1, "love": 2, "terrible": 3, "hate": 4, "favorite": 5}
ALL_WORDS = ["<pad>", *sorted({word for phrase, _ in DATA for word in phrase.split()})]


def load() -> tuple[Any, Any, dict[str, int]]:
    """The printed preparation with every word in the dictionary, and padded."""
    X, y = zip(*DATA, strict=True)
    word_to_index = {word: index for index, word in enumerate(ALL_WORDS)}
    X = pad_sequences([[word_to_index[word] for word in phrase.split()] for phrase in X])
    y = to_categorical(y)
    return X, y, word_to_index


def check_learned(model: Sequential, X: Any, y: Any) -> None:
    assert model.history is not None
    losses = model.history.history["loss"]
    assert len(losses) == 10
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    assert model.predict(X).shape == y.shape


def test_two_lstm_layers_on_token_ids(tmp_path: Path) -> None:
    vocab_size, embedding_dim, lstm_out, max_length = 50, 8, 12, 10
    batch_size, epochs = 16, 2
    rng = np.random.default_rng(0)
    np.save(tmp_path / "data.npy", rng.integers(1, vocab_size, (48, max_length)))
    x_test = rng.integers(1, vocab_size, (5, max_length))

    def preprocess_data(data: Any) -> Any:
        return data, (data[:, -1] > vocab_size // 2).astype(int)

    def build_model(vocab_size: int, embedding_dim: int, lstm_out: int) -> Sequential:
        model = Sequential()
        model.add(Embedding(vocab_size, embedding_dim, input_length=max_length))
        model.add(LSTM(lstm_out, return_sequences=True))
        model.add(LSTM(lstm_out))
        model.add(Dense(1, activation="sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
        return model

    def train_model(model: Any, x_train: Any, y_train: Any, batch_size: int, epochs: int) -> None:
        model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=1)

    def predict(model: Any, x_test: Any) -> Any:
        return model.predict(x_test)

    data = np.load(tmp_path / "data.npy")
    x_train, y_train = preprocess_data(data)
    model = build_model(vocab_size, embedding_dim, lstm_out)
    train_model(model, x_train, y_train, batch_size, epochs)
    preds = predict(model, x_test)

    assert preds.shape == (5, 1)
    assert ((preds > 0) & (preds < 1)).all()
    assert set(model.history.history) == {"loss", "accuracy"}  # type: ignore[union-attr]


def test_simple_rnn_on_indices_as_numbers() -> None:
    X, y, _ = load()

    model = Sequential()
    model.add(SimpleRNN(16, input_shape=(X.shape[1], 1), return_sequences=False))
    model.add(Dense(2, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, epochs=10, batch_size=32)

    check_learned(model, X, y)


def test_embedding_and_lstm() -> None:
    X, y, word_to_index = load()

    model = Sequential()
    model.add(Embedding(len(word_to_index) + 1, 16, input_length=X.shape[1]))
    model.add(LSTM(16))
    model.add(Dense(2, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, epochs=10, batch_size=32)

    check_learned(model, X, y)


def test_embedding_and_gru() -> None:
    X, y, word_to_index = load()

    model = Sequential()
    model.add(Embedding(len(word_to_index) + 1, 16, input_length=X.shape[1]))
    model.add(GRU(16))
    model.add(Dense(2, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, epochs=10, batch_size=32)

    check_learned(model, X, y)


def test_printed_dictionary_lacks_words() -> None:
    X, _ = zip(*DATA, strict=True)
    with pytest.raises(KeyError, match="I"):
        [[PRINTED_WORDS[word] for word in phrase.split()] for phrase in X]


@pytest.mark.parametrize("as_objects", [False, True])
def test_phrases_of_different_length_train_as_they_are(as_objects: bool) -> None:
    padded, y, word_to_index = load()
    ragged: Any = [[word_to_index[word] for word in phrase.split()] for phrase, _ in DATA]
    if as_objects:  # what older NumPy made of the printed np.array(...)
        ragged = np.array(ragged, dtype=object)
    model = Sequential([Embedding(20, 4), LSTM(4), Dense(2, activation="softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    model.fit(ragged, y, epochs=2, verbose=0)
    probabilities = model.predict(ragged, verbose=0)
    assert probabilities.shape == (len(padded), 2)
    for phrase, expected in zip(ragged, probabilities, strict=True):
        found = model.predict(np.array([phrase]), verbose=0)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_word_beyond_the_vocabulary_is_refused() -> None:
    X, y, _ = load()
    model = Sequential([Embedding(len(PRINTED_WORDS) + 1, 16), LSTM(16), Dense(2, "softmax")])
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    with pytest.raises(ValueError, match=r"embedding: x: expected token ids from 0 to 6, got"):
        model.fit(X, y)
