"""The thalamus: relays streams, biases the gate, and carries gradients back."""
