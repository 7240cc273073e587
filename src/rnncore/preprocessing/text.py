"""Split texts into words, and turn them into sequences of numbers."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.utils._checks import check_choice, check_count, check_flag, check_type

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Split a text into words.

    Parameters
    ----------
    input_text : str
    filters : str
        Characters that separate words, like `split`. Default: ASCII punctuation without the
        apostrophe, tab and newline.
    lower : bool, default True
        Whether to convert to lower case.
    split : str, default " "

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If the text is not a string.

    Examples
    --------
    >>> from rnncore.preprocessing.text import text_to_word_sequence
    >>> text_to_word_sequence("It's late, isn't it?")
    ["it's", 'late', "isn't", 'it']
    """
    check_type("text_to_word_sequence", "input_text", input_text, str, "a string")
    text = input_text.lower() if lower else input_text
    text = text.translate({ord(character): split for character in filters})
    return [word for word in text.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Turn a text into numbers from 1 to ``n - 1`` by hashing; words may collide.

    Parameters
    ----------
    text : str
    n : int
        At least 2.
    hash_function : callable, "md5" or None, optional
        From a word to an integer. Default: Python's `hash`, which differs between processes unless
        ``PYTHONHASHSEED`` is set; "md5" is always the same.
    filters, lower, split
        As in `text_to_word_sequence`.

    Raises
    ------
    ValueError, TypeError
        If an argument has the wrong type.

    Examples
    --------
    >>> from rnncore.preprocessing.text import hashing_trick
    >>> first, second, third, fourth = hashing_trick("The cat, the dog", 50, "md5")
    >>> first == third
    True
    """
    check_count("hashing_trick", "n", n, "an integer >= 2", least=2)
    named = {None: hash, "md5": _md5}
    function = hash_function if callable(hash_function) else named.get(hash_function)
    if function is None:
        raise ValueError(
            f"hashing_trick: hash_function: expected a function, 'md5' or None, "
            f"got {hash_function!r}"
        )
    words = text_to_word_sequence(text, filters, lower, split)
    return [function(word) % (n - 1) + 1 for word in words]


def one_hot(
    input_text: str, n: int, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[int]:
    """Same as `hashing_trick` with Python's `hash`. Despite the name it returns numbers.

    Examples
    --------
    >>> from rnncore.preprocessing.text import one_hot
    >>> len(one_hot("The cat, the dog", 50))
    4
    """
    return hashing_trick(input_text, n, hash, filters, lower, split)


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


_MODES = ("binary", "count", "freq", "tfidf")
# The counts of a tokenizer, other than the number of texts.
_COUNTED = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


class Tokenizer:
    """Number the words or characters of texts, and turn texts into sequences of numbers.

    The most frequent word has number 1, the next one 2, and so on; words of equal frequency are
    numbered in order of appearance. 0 is reserved for padding. The methods and attributes are those
    of Keras 2's class.

    Parameters
    ----------
    num_words : int, optional
        Only numbers below this are used by `texts_to_sequences`. Default: all.
    filters : str
        Characters that separate words, like `split`. Default: ASCII punctuation without the
        apostrophe, tab and newline. Ignored with `char_level`.
    lower : bool, default True
    split : str, default " "
    char_level : bool, default False
        Whether each character is a token, as for languages without spaces between words, such as
        Chinese, or for networks that generate text.
    oov_token : str, optional
        Stands, as number 1, for words that are unknown or whose number is too large. By default
        such words are left out.
    analyzer : callable, optional
        ``f(text) -> list of str``, such as a word segmenter, to use instead of the splitting
        described here.

    Attributes
    ----------
    word_index : dict of str to int
        All words, whatever `num_words` is.
    index_word : dict of int to str
    word_counts : OrderedDict of str to int
        How often each word occurred.
    word_docs : dict of str to int
        In how many texts each word occurred.
    document_count : int
        Number of texts.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type.

    Examples
    --------
    >>> from rnncore.preprocessing.text import Tokenizer
    >>> tokenizer = Tokenizer(oov_token="<new>")
    >>> tokenizer.fit_on_texts(["The cat sat.", "The dog sat, the cat ran."])
    >>> tokenizer.word_index
    {'<new>': 1, 'the': 2, 'cat': 3, 'sat': 4, 'dog': 5, 'ran': 6}
    >>> tokenizer.texts_to_sequences(["The cow ran"])
    [[2, 1, 6]]
    >>> tokenizer.sequences_to_texts([[2, 1, 6]])
    ['the <new> ran']
    >>> letters = Tokenizer(char_level=True)
    >>> letters.fit_on_texts(["我爱你", "你爱我吗"])
    >>> letters.texts_to_sequences(["爱你"])
    [[2, 3]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], list[str]] | None = None,
    ) -> None:
        owner = "Tokenizer"
        if not isinstance(split, str) or not split:
            raise TypeError(f"{owner}: split: expected a non-empty string, got {split!r}")
        self.num_words = None if num_words is None else check_count(owner, "num_words", num_words)
        self.filters = check_type(owner, "filters", filters, str, "a string")
        self.lower = check_flag(owner, "lower", lower)
        self.split = split
        self.char_level = check_flag(owner, "char_level", char_level)
        self.oov_token = check_type(owner, "oov_token", oov_token, str | None, "a string or None")
        self.analyzer = analyzer
        self.word_counts: OrderedDict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = {}
        self.index_docs: dict[int, int] = {}
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.document_count = 0

    def fit_on_texts(self, texts: Iterable[str | Sequence[str]]) -> None:
        """Count the words of texts and number them; later calls add to the counts.

        Parameters
        ----------
        texts : iterable of str, or of lists of str
            A list is a text already split. A single string is refused; with `char_level` each of
            its characters is a text.

        Raises
        ------
        TypeError
            If `texts` is anything else.
        """
        counts: Counter[str] = Counter(self.word_counts)
        docs: Counter[str] = Counter(self.word_docs)
        for tokens in self._tokens(texts):
            self.document_count += 1
            counts.update(tokens)
            docs.update(set(tokens))
        self.word_counts = OrderedDict(counts)
        self.word_docs = dict(docs)
        words = sorted(counts, key=lambda word: -counts[word])
        if self.oov_token is not None:
            words.insert(0, self.oov_token)
        self.word_index = {word: number for number, word in enumerate(words, start=1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = {self.word_index[word]: count for word, count in docs.items()}

    def texts_to_sequences(self, texts: Iterable[str | Sequence[str]]) -> list[list[int]]:
        """Return the numbers of the words of each text; see `fit_on_texts` for `texts`."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(
        self, texts: Iterable[str | Sequence[str]]
    ) -> Iterator[list[int]]:
        """Yield what `texts_to_sequences` returns, one text at a time."""
        for tokens in self._tokens(texts):
            yield list(self._used(map(self.word_index.get, tokens)))

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return the words of each sequence of numbers, with spaces between them.

        Numbers without a word, such as the 0 of padding, become the `oov_token` or, without one,
        are left out.
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yield what `sequences_to_texts` returns, one text at a time."""
        for sequence in sequences:
            known = (number if number in self.index_word else None for number in map(int, sequence))
            yield " ".join(self.index_word[number] for number in self._used(known))

    def texts_to_matrix(
        self, texts: Iterable[str | Sequence[str]], mode: str = "binary"
    ) -> NDArray[np.float64]:
        """Return one row per text, ignoring the order of its words; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Iterable[Sequence[int]], mode: str = "binary"
    ) -> NDArray[np.float64]:
        """Return one row per sequence of numbers, with a column for each number below `num_words`.

        Parameters
        ----------
        sequences : iterable of sequences of int
        mode : {"binary", "count", "freq", "tfidf"}, default "binary"
            What a column holds: 1 if the number occurs, how often it does, that as a fraction of
            the sequence, or ``(1 + log(count)) * log(1 + texts / (1 + texts with the word))``.

        Returns
        -------
        ndarray, float64, shape (N, num_words)
            Without `num_words`, one column more than there are words; column 0 is empty.

        Raises
        ------
        ValueError
            If the mode is unknown, or before `fit_on_texts` for "tfidf" or without `num_words`.
        """
        owner = "Tokenizer"
        check_choice(owner, "mode", mode, _MODES)
        if self.num_words is None and not self.word_index:
            raise ValueError(f"{owner}: num_words: expected a number before fit_on_texts, got None")
        if mode == "tfidf" and not self.document_count:
            raise ValueError(f"{owner}: mode: expected fit_on_texts before 'tfidf'")
        rows = list(sequences)
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(rows), columns))
        for row, numbers in zip(matrix, rows, strict=True):
            for number, count in Counter(map(int, numbers)).items():
                if number < columns:
                    row[number] = self._weight(mode, number, count, len(numbers))
        return matrix

    def _weight(self, mode: str, number: int, count: int, length: int) -> float:
        if mode == "tfidf":
            texts = self.index_docs.get(number, 0)
            rarity = math.log(1 + self.document_count / (1 + texts))
            return (1 + math.log(count)) * rarity
        return {"binary": 1.0, "count": float(count), "freq": count / length}[mode]

    def to_json(self, **kwargs: Any) -> str:
        """Return the tokenizer with its counts as JSON, for `tokenizer_from_json`.

        The format is that of Keras 2. `kwargs` are arguments of ``json.dumps``. Raises ValueError
        for a tokenizer with an `analyzer`, which is code.
        """
        config = self.get_config()
        if config.pop("analyzer") is not None:
            raise ValueError(f"Tokenizer: analyzer: expected None in a file, got {self.analyzer!r}")
        config["document_count"] = self.document_count
        config |= {name: json.dumps(getattr(self, name)) for name in _COUNTED}
        return json.dumps({"class_name": "Tokenizer", "config": config}, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal tokenizer, without its counts."""
        names = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "analyzer")
        return {name: getattr(self, name) for name in names}

    def _used(self, numbers: Iterable[int | None]) -> Iterator[int]:
        """Yield numbers, that of the `oov_token`, if any, for None and for those too large."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        for number in numbers:
            large = number is None or (self.num_words is not None and number >= self.num_words)
            used = unknown if large else number
            if used is not None:
                yield used

    def _tokens(self, texts: Iterable[str | Sequence[str]]) -> Iterator[Sequence[str]]:
        if isinstance(texts, str) and not self.char_level:
            raise TypeError("Tokenizer: texts: expected a list of texts, got one string")
        check_type("Tokenizer", "texts", texts, Iterable, "a list of texts")
        for index, text in enumerate(texts):
            if isinstance(text, (list, tuple)):
                yield [str(word).lower() for word in text] if self.lower else text
            elif not isinstance(text, str):
                raise TypeError(
                    f"Tokenizer: texts[{index}]: expected a string or a list of them, got {text!r}"
                )
            elif self.char_level:
                yield text.lower() if self.lower else text
            elif self.analyzer is not None:
                yield self.analyzer(text)
            else:
                yield text_to_word_sequence(text, self.filters, self.lower, self.split)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the tokenizer that `Tokenizer.to_json` wrote, here or in Keras.

    Parameters
    ----------
    json_string : str

    Raises
    ------
    ValueError
        If the text is not the JSON of a tokenizer.

    Examples
    --------
    >>> from rnncore.preprocessing.text import Tokenizer, tokenizer_from_json
    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["a cat", "a dog"])
    >>> tokenizer_from_json(tokenizer.to_json()).texts_to_sequences(["dog"])
    [[3]]
    """
    try:
        config = dict(json.loads(json_string)["config"])
        counted = {name: json.loads(config.pop(name)) for name in _COUNTED}
        counted["word_counts"] = OrderedDict(counted["word_counts"])
        counted["document_count"] = int(config.pop("document_count"))
        tokenizer = Tokenizer(**config)
        for name in ("index_docs", "index_word"):  # JSON only has string keys
            counted[name] = {int(key): value for key, value in counted[name].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(
            "tokenizer_from_json: json_string: expected what Tokenizer.to_json returned, got "
            f"something else ({error!r})"
        ) from None
    vars(tokenizer).update(counted)
    return tokenizer
