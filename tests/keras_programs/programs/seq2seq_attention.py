"""An encoder and a decoder with attention between them, trained with teacher forcing."""

import numpy as np

import rnncore as keras
from rnncore import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
source = rng.integers(1, 12, (32, 6))
source[::4, 4:] = 0
target = np.where(source > 0, source[:, ::-1] % 10 + 1, 0)
decoder_in = np.concatenate([np.full((32, 1), 11), target[:, :-1]], axis=1)

encoder_inputs = keras.Input((None,), dtype="int64", name="source")
embedded = layers.Embedding(12, 8, mask_zero=True)(encoder_inputs)
encoder_seq, forward_h, backward_h = layers.Bidirectional(
    layers.GRU(6, return_sequences=True, return_state=True), name="encoder"
)(embedded)
state = layers.Concatenate()([forward_h, backward_h])

decoder_inputs = keras.Input((None,), dtype="int64", name="target")
decoder_embedded = layers.Embedding(12, 8)(decoder_inputs)
decoder_seq = layers.GRU(12, return_sequences=True, name="decoder")(
    decoder_embedded, initial_state=state
)
context = layers.AdditiveAttention()([decoder_seq, encoder_seq])
merged = layers.Concatenate(axis=-1)([decoder_seq, context])
outputs = layers.Dense(12, activation="softmax", name="words")(layers.LayerNormalization()(merged))
model = keras.Model([encoder_inputs, decoder_inputs], outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    {"source": source, "target": decoder_in},
    target,
    sample_weight=(target > 0).astype("float32"),
    epochs=2,
    verbose=0,
)

RESULT = {
    "params": model.count_params(),
    "layers": [layer.name for layer in model.layers],
    "history": sorted(history.history),
    "shape": list(model.predict([source, decoder_in], verbose=0).shape),
}
