"""The network: encoder, attention, decoder and output layer, and its variants for translating."""
