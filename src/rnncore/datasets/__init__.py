"""Three small real data sets that come with the package; nothing is ever downloaded.

- `load_sunspots`: the monthly mean sunspot number, 1749 to 2009, one number a month.
- `load_co2`: carbon dioxide in the air, 1958 to 2001, one number a week, some weeks missing.
- `load_japanese_vowels`: 640 utterances by nine speakers, sequences of unequal length.

Sources and licences stand in each function's docstring and in ``data/NOTICE.md`` beside the data.
"""

from rnncore.datasets.loaders import Utterances, load_co2, load_japanese_vowels, load_sunspots

__all__ = ["Utterances", "load_co2", "load_japanese_vowels", "load_sunspots"]
