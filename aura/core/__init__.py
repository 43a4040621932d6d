"""Time, ports and signals, the bus, the event loop, the zone contract, state."""
