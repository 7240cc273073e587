"""Word vectors that were trained elsewhere, frozen first, then tuned."""

import numpy as np

import rnncore as keras
from rnncore.layers import GRU, Dense, Embedding, Input

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
embedding_matrix = rng.normal(size=(20, 6)).astype("float32")
x = rng.integers(0, 20, (32, 7))
y = (embedding_matrix[x].sum(axis=(1, 2)) > 0).astype("int32")

embedding_layer = Embedding(
    20, 6, embeddings_initializer=keras.initializers.Constant(embedding_matrix), trainable=False
)
inputs = Input(shape=(None,), dtype="int64")
model = keras.Model(inputs, Dense(1, activation="sigmoid")(GRU(5)(embedding_layer(inputs))))
model.compile(
    loss="binary_crossentropy", optimizer="rmsprop", metrics=["acc", keras.metrics.AUC(name="auc")]
)
history = model.fit(x, y, epochs=1, verbose=0)
assert np.array_equal(embedding_layer.get_weights()[0], embedding_matrix)
counts = [len(model.trainable_weights), len(model.non_trainable_weights)]
embedding_layer.trainable = True
model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3))
model.fit(x, y, epochs=1, verbose=0)
assert not np.array_equal(embedding_layer.get_weights()[0], embedding_matrix)

RESULT = {"params": model.count_params(), "counts": counts, "history": sorted(history.history)}
