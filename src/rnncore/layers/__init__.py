"""Layers, with the names, arguments and weights of Keras."""

from typing import TYPE_CHECKING

from rnncore.layers.activations.activations import (
    ELU as ELU,
    LeakyReLU as LeakyReLU,
    PReLU as PReLU,
    ReLU as ReLU,
    Softmax as Softmax,
)
from rnncore.layers.attention.attention import (
    AdditiveAttention as AdditiveAttention,
    Attention as Attention,
)
from rnncore.layers.convolutional.conv import (
    Conv1D as Conv1D,
    Conv1DTranspose as Conv1DTranspose,
    Conv2D as Conv2D,
)
from rnncore.layers.core.activation import Activation as Activation
from rnncore.layers.core.dense import Dense as Dense
from rnncore.layers.core.embedding import Embedding as Embedding
from rnncore.layers.core.input_layer import Input as Input, InputLayer as InputLayer
from rnncore.layers.core.lambda_layer import Lambda as Lambda
from rnncore.layers.core.masking import Masking as Masking
from rnncore.layers.core.scaling import (
    Identity as Identity,
    Rescaling as Rescaling,
    UnitNormalization as UnitNormalization,
)
from rnncore.layers.graph.operators import (
    ConstantOperation as ConstantOperation,
    GetItem as GetItem,
    TensorOperation as TensorOperation,
)
from rnncore.layers.layer import Layer as Layer
from rnncore.layers.merging.merge import (
    Add as Add,
    Average as Average,
    Concatenate as Concatenate,
    Dot as Dot,
    Maximum as Maximum,
    Minimum as Minimum,
    Multiply as Multiply,
    Subtract as Subtract,
    add as add,
    average as average,
    concatenate as concatenate,
    dot as dot,
    maximum as maximum,
    minimum as minimum,
    multiply as multiply,
    subtract as subtract,
)
from rnncore.layers.normalization.normalization import (
    BatchNormalization as BatchNormalization,
    LayerNormalization as LayerNormalization,
)
from rnncore.layers.pooling.pooling import (
    AveragePooling1D as AveragePooling1D,
    AveragePooling2D as AveragePooling2D,
    GlobalAveragePooling1D as GlobalAveragePooling1D,
    GlobalAveragePooling2D as GlobalAveragePooling2D,
    GlobalMaxPooling1D as GlobalMaxPooling1D,
    GlobalMaxPooling2D as GlobalMaxPooling2D,
    MaxPooling1D as MaxPooling1D,
    MaxPooling2D as MaxPooling2D,
)
from rnncore.layers.regularization.regularization import (
    Dropout as Dropout,
    GaussianDropout as GaussianDropout,
    GaussianNoise as GaussianNoise,
    SpatialDropout1D as SpatialDropout1D,
)
from rnncore.layers.reshaping.reshaping import (
    Cropping1D as Cropping1D,
    Flatten as Flatten,
    Permute as Permute,
    RepeatVector as RepeatVector,
    Reshape as Reshape,
    UpSampling1D as UpSampling1D,
    ZeroPadding1D as ZeroPadding1D,
)
from rnncore.layers.rnn.bidirectional import Bidirectional as Bidirectional
from rnncore.layers.rnn.gru import GRU as GRU, GRUCell as GRUCell
from rnncore.layers.rnn.lstm import LSTM as LSTM, LSTMCell as LSTMCell
from rnncore.layers.rnn.own_cell import AbstractRNNCell as AbstractRNNCell
from rnncore.layers.rnn.rnn import RNN as RNN
from rnncore.layers.rnn.simple_rnn import SimpleRNN as SimpleRNN, SimpleRNNCell as SimpleRNNCell
from rnncore.layers.rnn.stacked_rnn_cells import StackedRNNCells as StackedRNNCells
from rnncore.layers.rnn.time_distributed import TimeDistributed as TimeDistributed
from rnncore.utils._config import deserialize as deserialize, serialize as serialize
from rnncore.utils._names import public

# Keras' aliases.
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
Convolution1D, Convolution2D = Conv1D, Conv2D
Convolution1DTranspose = Conv1DTranspose

if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "serialize")
