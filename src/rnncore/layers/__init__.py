"""Layers, with the names, arguments and weights of Keras."""

from rnncore.layers.activations.prelu import PReLU
from rnncore.layers.activations.rectifiers import ELU, LeakyReLU, ReLU
from rnncore.layers.activations.softmax import Softmax
from rnncore.layers.attention.attention import AdditiveAttention, Attention
from rnncore.layers.convolutional.conv1d import Conv1D
from rnncore.layers.convolutional.conv1d_transpose import Conv1DTranspose
from rnncore.layers.convolutional.conv2d import Conv2D
from rnncore.layers.core.activation import Activation
from rnncore.layers.core.dense import Dense
from rnncore.layers.core.embedding import Embedding
from rnncore.layers.core.input_layer import Input, InputLayer
from rnncore.layers.core.lambda_layer import Lambda
from rnncore.layers.core.masking import Masking
from rnncore.layers.core.scaling import Identity, Rescaling, UnitNormalization
from rnncore.layers.graph.operators import ConstantOperation, GetItem, TensorOperation
from rnncore.layers.layer import Layer
from rnncore.layers.merging.concatenate import Concatenate
from rnncore.layers.merging.dot import Dot
from rnncore.layers.merging.functions import (
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from rnncore.layers.merging.merge import Add, Average, Maximum, Minimum, Multiply, Subtract
from rnncore.layers.normalization.batch_normalization import BatchNormalization
from rnncore.layers.normalization.layer_normalization import LayerNormalization
from rnncore.layers.pooling.global_pooling import GlobalAveragePooling1D, GlobalMaxPooling1D
from rnncore.layers.pooling.pooling1d import AveragePooling1D, MaxPooling1D
from rnncore.layers.pooling.pooling2d import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from rnncore.layers.regularization.dropout import Dropout
from rnncore.layers.regularization.noise import GaussianDropout, GaussianNoise
from rnncore.layers.regularization.spatial_dropout import SpatialDropout1D
from rnncore.layers.reshaping.padding_cropping_repeating import (
    Cropping1D,
    UpSampling1D,
    ZeroPadding1D,
)
from rnncore.layers.reshaping.reshaping import Flatten, Permute, RepeatVector, Reshape
from rnncore.layers.rnn.bidirectional import Bidirectional
from rnncore.layers.rnn.gru import GRU, GRUCell
from rnncore.layers.rnn.lstm import LSTM, LSTMCell
from rnncore.layers.rnn.own_cell import AbstractRNNCell
from rnncore.layers.rnn.rnn import RNN
from rnncore.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from rnncore.layers.rnn.stacked_rnn_cells import StackedRNNCells
from rnncore.layers.rnn.time_distributed import TimeDistributed
from rnncore.utils._config import deserialize, serialize

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

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "AbstractRNNCell",
    "Activation",
    "Add",
    "AdditiveAttention",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "ConstantOperation",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Cropping1D",
    "Dense",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GetItem",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Identity",
    "Input",
    "InputLayer",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "StackedRNNCells",
    "Subtract",
    "TensorOperation",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "ZeroPadding1D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
