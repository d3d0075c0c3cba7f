"""An LSTM in the place of torch's: ragged batches by `lengths`, one step at a time by a stream."""

import torch

from throughtime import LSTM

lstm = LSTM(input_size=16, hidden_size=32, num_layers=2, batch_first=True)
batch = torch.randn(3, 10, 16)  # three sequences of up to ten steps
output, (h, c) = lstm(batch, lengths=[10, 7, 4])
print(output.shape, h.shape, c.shape)

stream = lstm.stream(batch_size=3)
for x in batch.unbind(1):
    now = stream.step(x)
print("the first sequence, streamed and whole, differ by", (now[0] - output[0, -1]).abs().max().item())
