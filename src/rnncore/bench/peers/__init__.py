"""One library a file; `PEERS` names them all. None is imported before it is used."""

from __future__ import annotations

from rnncore.bench.peers.base import Candidate, Outputs, Peer
from rnncore.bench.peers.jax_peer import JaxPeer
from rnncore.bench.peers.keras_peer import KerasPeer
from rnncore.bench.peers.numpy_peer import NumpyPeer
from rnncore.bench.peers.onnxruntime_peer import OnnxRuntimePeer
from rnncore.bench.peers.openvino_peer import OpenVinoPeer
from rnncore.bench.peers.ours import PaddedPeer, RnncorePeer, WithoutBlasPeer
from rnncore.bench.peers.torch_peer import TorchPeer

OURS = "rnncore"
_OWN: list[Peer] = [RnncorePeer(), PaddedPeer(), WithoutBlasPeer()]
_LIBRARIES: list[Peer] = [
    TorchPeer(),
    OnnxRuntimePeer(),
    OpenVinoPeer(),
    JaxPeer(),
    KerasPeer(),
    NumpyPeer(),
]
PEERS: dict[str, Peer] = {peer.name: peer for peer in [*_OWN, *_LIBRARIES]}
LIBRARIES: tuple[str, ...] = tuple(peer.name for peer in _LIBRARIES)

__all__ = ["LIBRARIES", "OURS", "PEERS", "Candidate", "Outputs", "Peer"]
