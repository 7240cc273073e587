"""Write data/tokenizer_of_keras.json: what the Tokenizer that Keras 2 had makes of some texts.

    python tests/golden/make/tokenizer_of_keras.py

Needs ``pip install keras tensorflow-cpu`` (made with Keras 3.15.1, which keeps it apart).
"""

import json
from pathlib import Path

from keras.src.legacy.preprocessing.text import Tokenizer

DATA = Path(__file__).parents[1] / "data" / "tokenizer_of_keras.json"


TEXTS = [
    "The cat sat on the mat; the DOG didn't!",
    "Äpfel und Öl, und\tmehr\nÄpfel.",
    "我爱你，你爱我吗？",
    "",
    "one-two_three <new> the end of   the cat",
]
NEW = ["the new cat", "你好", "Äpfel und Birnen", "?", "mat mat of"]
LISTS = [["The", "cat"], ["cat", "und", "cat"]]
CASES = [
    {},
    {"num_words": 4},
    {"num_words": 4, "oov_token": "<new>"},
    {"oov_token": "cat"},
    {"lower": False},
    {"char_level": True},
    {"char_level": True, "num_words": 8, "oov_token": "?"},
    {"filters": "", "split": "e"},
]


def run(arguments):
    tokenizer = Tokenizer(**arguments)
    tokenizer.fit_on_texts(TEXTS)
    tokenizer.fit_on_texts(LISTS)
    sequences = tokenizer.texts_to_sequences(TEXTS + NEW + LISTS)
    return {
        "sequences": sequences,
        "matrices": {
            mode: tokenizer.sequences_to_matrix(sequences[3:8], mode).round(12).tolist()
            for mode in ("binary", "count", "freq", "tfidf")
        },
        "json": tokenizer.to_json(),
        "texts": tokenizer.sequences_to_texts([*sequences, [0, 1, 2, 3, 7, 999]]),
        "word_index": tokenizer.word_index,
        "word_counts": dict(tokenizer.word_counts),
        "word_docs": dict(tokenizer.word_docs),
        "document_count": tokenizer.document_count,
    }


numbers = {
    "texts": TEXTS,
    "new": NEW,
    "lists": LISTS,
    "cases": [{"arguments": arguments, "found": run(arguments)} for arguments in CASES],
}
DATA.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
