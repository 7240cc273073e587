"""The Tokenizer, against that of Keras 2 (golden/make/tokenizer_of_keras.py) and by hand."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from golden_data import golden

from rnncore.preprocessing.sequence import pad_sequences
from rnncore.preprocessing.text import (
    Tokenizer,
    hashing_trick,
    one_hot,
    text_to_word_sequence,
    tokenizer_from_json,
)

NUMBERS = golden("tokenizer_of_keras")
TEXTS, NEW, LISTS = NUMBERS["texts"], NUMBERS["new"], NUMBERS["lists"]


@pytest.mark.parametrize("case", NUMBERS["cases"], ids=lambda case: str(case["arguments"]))
def test_it_is_that_of_keras(case: dict[str, Any]) -> None:
    tokenizer = Tokenizer(**case["arguments"])
    tokenizer.fit_on_texts(TEXTS)
    tokenizer.fit_on_texts(LISTS)
    sequences = tokenizer.texts_to_sequences(TEXTS + NEW + LISTS)
    found = {
        "sequences": sequences,
        "texts": tokenizer.sequences_to_texts([*sequences, [0, 1, 2, 3, 7, 999]]),
        "word_index": tokenizer.word_index,
        "word_counts": dict(tokenizer.word_counts),
        "word_docs": tokenizer.word_docs,
        "document_count": tokenizer.document_count,
    }
    expected = dict(case["found"])
    matrices, written = expected.pop("matrices"), expected.pop("json")
    assert found == expected
    assert list(tokenizer.word_index) == list(case["found"]["word_index"])
    assert list(tokenizer.word_counts) == list(case["found"]["word_counts"])
    for mode, matrix in matrices.items():
        got = tokenizer.sequences_to_matrix(sequences[3:8], mode)
        np.testing.assert_allclose(got, matrix, atol=1e-11)
    read, again = tokenizer_from_json(written), tokenizer_from_json(tokenizer.to_json(indent=1))
    for other in (read, again):
        assert other.texts_to_sequences(TEXTS + NEW + LISTS) == sequences
        assert other.index_docs == tokenizer.index_docs
        assert other.document_count == tokenizer.document_count
        assert other.get_config() == tokenizer.get_config()
        twin = copy.deepcopy(tokenizer)
        for one in (twin, other):
            one.fit_on_texts(["one more text"])
        assert other.word_counts == twin.word_counts


def test_matrices_and_files_by_hand() -> None:
    tokenizer = Tokenizer(num_words=3)
    tokenizer.fit_on_texts(["a a b", "b c"])
    assert tokenizer.texts_to_matrix(["a b b c"], "count").tolist() == [[0, 1, 2]]
    assert tokenizer.sequences_to_matrix([[1, 1, 2, 2], []], "freq").tolist() == [
        [0, 0.5, 0.5],
        [0, 0, 0],
    ]
    with pytest.raises(ValueError, match=r"Tokenizer: mode: expected one of binary, .* got 'x'"):
        tokenizer.texts_to_matrix(["a"], "x")
    with pytest.raises(ValueError, match="num_words: expected a number before fit_on_texts"):
        Tokenizer().texts_to_matrix(["a"])
    with pytest.raises(ValueError, match="expected fit_on_texts before 'tfidf'"):
        Tokenizer(num_words=5).sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(ValueError, match="analyzer: expected None in a file"):
        Tokenizer(analyzer=str.split).to_json()
    for text in ("", "[]", "{}", '{"config": {"num_words": 3}}', '{"config": 1}'):
        with pytest.raises(ValueError, match="tokenizer_from_json: json_string: expected what"):
            tokenizer_from_json(text)


def test_copies_go_on() -> None:
    tokenizer = Tokenizer(oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    for twin in (copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert twin.texts_to_sequences(NEW) == tokenizer.texts_to_sequences(NEW)
    other = Tokenizer(**tokenizer.get_config())
    other.fit_on_texts(TEXTS)
    assert other.word_index == tokenizer.word_index


def test_one_string_is_its_characters() -> None:
    """As books fit a network that writes."""
    tokenizer = Tokenizer(char_level=True)
    tokenizer.fit_on_texts("to be or not to be")
    assert tokenizer.document_count == 18
    assert tokenizer.texts_to_sequences(["tot"]) == [[3, 2, 3]]
    assert tokenizer.texts_to_sequences("to") == [[3], [2]]
    assert tokenizer.sequences_to_texts([[3, 2, 4]]) == ["t o b"]
    assert tokenizer.sequences_to_texts(np.array([[3, 2], [0, 4]])) == ["t o", "b"]


def test_analyzer() -> None:
    tokenizer = Tokenizer(analyzer=lambda text: [text[i : i + 2] for i in range(0, len(text), 2)])
    tokenizer.fit_on_texts(["我们学习", "学习我们"])
    assert tokenizer.texts_to_sequences(["学习"]) == [[2]]


def test_padding_of_the_result() -> None:
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["a b a", "b"])
    padded = pad_sequences(tokenizer.texts_to_sequences(["a b", "b"]))
    np.testing.assert_array_equal(padded, [[1, 2], [0, 2]])


def test_nothing_known_yet() -> None:
    assert Tokenizer().texts_to_sequences(["a"]) == [[]]
    assert Tokenizer(oov_token="?").texts_to_sequences(["a"]) == [[]]
    assert text_to_word_sequence(" , ") == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Tokenizer(0), ValueError, "Tokenizer: num_words: expected a positive integer"),
        (lambda: Tokenizer(split=""), TypeError, "Tokenizer: split: expected a non-empty string"),
        (lambda: Tokenizer(filters=None), TypeError, "Tokenizer: filters: expected a string"),
        (lambda: Tokenizer(oov_token=1), TypeError, "Tokenizer: oov_token: .* got 1"),
        (lambda: Tokenizer(char_level=1), TypeError, "Tokenizer: char_level: expected True"),
        (lambda: Tokenizer().fit_on_texts("a b"), TypeError, "texts: expected a list .* string"),
        (lambda: Tokenizer().fit_on_texts(None), TypeError, "texts: expected a list of texts"),
        (lambda: Tokenizer().fit_on_texts(["a", np.nan]), TypeError, r"texts\[1\]: .* got nan"),
        (lambda: Tokenizer().texts_to_sequences([3]), TypeError, r"texts\[0\]: .* got 3"),
        (lambda: text_to_word_sequence(3), TypeError, "input_text: expected a string, got 3"),
    ],
)
def test_wrong_arguments(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_hashed_words() -> None:
    """With "md5" the numbers are those of the function that Keras 2 had."""
    assert hashing_trick("The cat, the dog!", 50, "md5") == [43, 32, 43, 2]
    assert hashing_trick("a b", 10, len) == [2, 2]
    first = one_hot("the cat The", 1000)
    assert first[0] == first[2] and all(1 <= number < 1000 for number in first)
    with pytest.raises(ValueError, match="n: expected an integer >= 2, got 1"):
        one_hot("a", 1)
    with pytest.raises(ValueError, match="hash_function: expected a function, 'md5' or None"):
        hashing_trick("a", 5, "sha")
