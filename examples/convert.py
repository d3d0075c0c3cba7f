"""Our layers in a model that was written with torch's, weights and all."""

import torch
from torch import nn

from throughtime import convert


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 32)
        self.lstm = nn.LSTM(32, 64, num_layers=2, bidirectional=True, batch_first=True)
        self.output = nn.Linear(128, 5)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.output(self.lstm(self.embedding(words))[0])


tagger = Tagger().eval()
words = torch.randint(100, (4, 12))
before = tagger(words)
convert(tagger)
print(tagger)
print("largest difference:", (tagger(words) - before).abs().max().item())
