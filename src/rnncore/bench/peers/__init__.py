"""The libraries to compare with; `PEERS` names them all. None is imported before it is used."""

from __future__ import annotations

from rnncore.bench.peers.base import Candidate, Outputs, Peer
from rnncore.bench.peers.keras_peer import KerasPeer
from rnncore.bench.peers.numpy_and_jax_peers import JaxPeer, NumpyPeer
from rnncore.bench.peers.onnx_peers import OnnxRuntimePeer, OpenVinoPeer
from rnncore.bench.peers.ours import (
    FewerThreadsPeer,
    PaddedPeer,
    RnncorePeer,
    StreamPeer,
    UnpackedPeer,
    WithoutBlasPeer,
)
from rnncore.bench.peers.torch_peer import TorchPeer

_OWN: list[Peer] = [RnncorePeer(), UnpackedPeer(), PaddedPeer(), WithoutBlasPeer()]
_OWN += [FewerThreadsPeer(1), FewerThreadsPeer(2), StreamPeer()]
OURS, *VARIANTS = (peer.name for peer in _OWN)
UNPACKED, PADDED, NO_BLAS, ONE_THREAD, TWO_THREADS, STREAM = VARIANTS
_OTHERS: list[Peer] = [TorchPeer(), OnnxRuntimePeer(), OpenVinoPeer(), JaxPeer()]
_OTHERS += [KerasPeer(), NumpyPeer()]
PEERS = {peer.name: peer for peer in _OWN + _OTHERS}
LIBRARIES = tuple(peer.name for peer in _OTHERS)

__all__ = ["LIBRARIES", "NO_BLAS", "ONE_THREAD", "OURS", "PADDED", "PEERS", "STREAM"]
__all__ += ["TWO_THREADS", "UNPACKED", "VARIANTS", "Candidate", "Outputs", "Peer"]
