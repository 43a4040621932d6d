"""The spiking language core: what predicts the next token, in windows to learn and token by token to talk."""
