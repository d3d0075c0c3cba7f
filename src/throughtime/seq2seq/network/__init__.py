"""The network: encoder, attention, decoder, output layer, and what runs it otherwise than it was trained."""
