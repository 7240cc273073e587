"""Layers, with the names, arguments and weights of Keras."""

from typing import TYPE_CHECKING

from rnncore.layers.activations.prelu import PReLU as PReLU
from rnncore.layers.activations.rectifiers import ELU as ELU, LeakyReLU as LeakyReLU, ReLU as ReLU
from rnncore.layers.activations.softmax import Softmax as Softmax
from rnncore.layers.attention.attention import (
    AdditiveAttention as AdditiveAttention,
    Attention as Attention,
)
from rnncore.layers.convolutional.conv1d import Conv1D as Conv1D
from rnncore.layers.convolutional.conv1d_transpose import Conv1DTranspose as Conv1DTranspose
from rnncore.layers.convolutional.conv2d import Conv2D as Conv2D
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
from rnncore.layers.merging.concatenate import Concatenate as Concatenate
from rnncore.layers.merging.dot import Dot as Dot
from rnncore.layers.merging.functions import (
    add as add,
    average as average,
    concatenate as concatenate,
    dot as dot,
    maximum as maximum,
    minimum as minimum,
    multiply as multiply,
    subtract as subtract,
)
from rnncore.layers.merging.merge import (
    Add as Add,
    Average as Average,
    Maximum as Maximum,
    Minimum as Minimum,
    Multiply as Multiply,
    Subtract as Subtract,
)
from rnncore.layers.normalization.batch_normalization import (
    BatchNormalization as BatchNormalization,
)
from rnncore.layers.normalization.layer_normalization import (
    LayerNormalization as LayerNormalization,
)
from rnncore.layers.pooling.global_pooling import (
    GlobalAveragePooling1D as GlobalAveragePooling1D,
    GlobalMaxPooling1D as GlobalMaxPooling1D,
)
from rnncore.layers.pooling.pooling1d import (
    AveragePooling1D as AveragePooling1D,
    MaxPooling1D as MaxPooling1D,
)
from rnncore.layers.pooling.pooling2d import (
    AveragePooling2D as AveragePooling2D,
    GlobalAveragePooling2D as GlobalAveragePooling2D,
    GlobalMaxPooling2D as GlobalMaxPooling2D,
    MaxPooling2D as MaxPooling2D,
)
from rnncore.layers.regularization.dropout import Dropout as Dropout
from rnncore.layers.regularization.noise import (
    GaussianDropout as GaussianDropout,
    GaussianNoise as GaussianNoise,
)
from rnncore.layers.regularization.spatial_dropout import SpatialDropout1D as SpatialDropout1D
from rnncore.layers.reshaping.padding_cropping_repeating import (
    Cropping1D as Cropping1D,
    UpSampling1D as UpSampling1D,
    ZeroPadding1D as ZeroPadding1D,
)
from rnncore.layers.reshaping.reshaping import (
    Flatten as Flatten,
    Permute as Permute,
    RepeatVector as RepeatVector,
    Reshape as Reshape,
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
AvgPool1D, AvgPool2D, MaxPool1D, MaxPool2D = (
    AveragePooling1D,
    AveragePooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
Convolution1D, Convolution2D = Conv1D, Conv2D
Convolution1DTranspose = Conv1DTranspose

if not TYPE_CHECKING:  # type checkers find the names by these imports
    __all__ = public(globals(), "deserialize", "serialize")
