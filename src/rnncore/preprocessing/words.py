"""Split texts into words, and number words without a vocabulary."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from rnncore.utils._checks import check_count

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
    if not isinstance(input_text, str):
        raise TypeError(f"text_to_word_sequence: input_text: expected a string, got {input_text!r}")
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
    if check_count("hashing_trick", "n", n) < 2:
        raise ValueError(f"hashing_trick: n: expected at least 2, got {n}")
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
