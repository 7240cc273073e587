"""Padding, and the masks that layers make of it, hand on and take."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
sentences = [[11, 32, 7], [3, 8, 15, 5, 27], [8, 9, 1, 45, 25, 17]]
padded = keras.utils.pad_sequences(sentences, padding="post")

embedding = layers.Embedding(input_dim=50, output_dim=6, mask_zero=True)
embedded = embedding(padded)
found = np.asarray(embedding.compute_mask(padded))

masking = layers.Masking(mask_value=0.0)
tiled = np.tile(np.expand_dims(padded, axis=-1), [1, 1, 3]).astype("float32")
also_found = np.asarray(masking.compute_mask(tiled))

encoder = layers.LSTM(4)
read = np.asarray(encoder(np.asarray(embedded), mask=found))
short = np.asarray(encoder(np.asarray(embedded)[:1, :3]))
assert np.allclose(read[0], short[0], atol=1e-5)

inputs = keras.Input(shape=(None,), dtype="int32")
outputs = layers.GRU(4)(layers.Embedding(input_dim=50, output_dim=6, mask_zero=True)(inputs))
model = keras.Model(inputs, outputs)

RESULT = {
    "padded": padded.tolist(),
    "masks": [found.tolist(), also_found.tolist()],
    "shape": list(model.predict(padded, verbose=0).shape),
    "params": model.count_params(),
}
