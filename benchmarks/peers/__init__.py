"""The simulators that the fabric is measured beside, one file each; `run_peer` runs one in a process of its own."""

from peers.run import PEERS, run_peer

__all__ = ["PEERS", "run_peer"]
