"""Every setting of serving with its default."""

from __future__ import annotations

from dataclasses import dataclass

from throughtime.settings import require


@dataclass(frozen=True)
class ServeConfig:
    """Where and within which limits a model is served.

    Attributes:
        host: address to listen at; 0.0.0.0 for all of the machine's.
        port: port to listen at; 0 for any that is free.
        max_inputs: inputs (lines, values) in one request.
        max_characters: characters in one request, all lines together, where inputs are text.
        max_body: bytes of one request.
        max_waiting: inputs that wait or are being answered; further requests are refused meanwhile.
        batch_size: inputs answered in one batch, of any number of requests.
        timeout: seconds for a request's head to come, again for its body, for its answer, and for the client
            to read it.
        connections: open connections beyond which further ones are refused.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    max_inputs: int = 100
    max_characters: int = 20_000
    max_body: int = 1 << 20
    max_waiting: int = 2000
    batch_size: int = 128
    timeout: float = 30.0
    connections: int = 1000

    def __post_init__(self) -> None:
        """Raise InputError where a value lies outside of its range."""
        require(self, "port", 0 <= self.port < 1 << 16, "0 to 65535")
        for name in ("max_inputs", "max_characters", "max_body", "max_waiting", "batch_size", "connections"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        require(self, "timeout", 0 < self.timeout < 1e6, "above 0 and below a million")
        require(self, "max_waiting", self.max_waiting >= self.max_inputs, "at least max_inputs")
