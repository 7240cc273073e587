"""The libraries to compare with; `PEERS` names them all. None is imported before it is used."""

from __future__ import annotations

from rnncore.bench.peers.base import Candidate, Outputs, Peer
from rnncore.bench.peers.keras_peer import KerasPeer
from rnncore.bench.peers.numpy_and_jax_peers import JaxPeer, NumpyPeer
from rnncore.bench.peers.onnx_peers import OnnxRuntimePeer, OpenVinoPeer
from rnncore.bench.peers.ours import PaddedPeer, RnncorePeer, UnpackedPeer, WithoutBlasPeer
from rnncore.bench.peers.torch_peer import TorchPeer

OURS, UNPACKED = RnncorePeer.name, UnpackedPeer.name
PADDED, NO_BLAS = PaddedPeer.name, WithoutBlasPeer.name
VARIANTS = (UNPACKED, PADDED, NO_BLAS)
_OWN: list[Peer] = [RnncorePeer(), UnpackedPeer(), PaddedPeer(), WithoutBlasPeer()]
_OTHERS: list[Peer] = [TorchPeer(), OnnxRuntimePeer(), OpenVinoPeer(), JaxPeer()]
_OTHERS += [KerasPeer(), NumpyPeer()]
PEERS = {peer.name: peer for peer in _OWN + _OTHERS}
LIBRARIES = tuple(peer.name for peer in _OTHERS)

__all__ = ["LIBRARIES", "NO_BLAS", "OURS", "PADDED", "PEERS", "UNPACKED", "VARIANTS"]
__all__ += ["Candidate", "Outputs", "Peer"]
