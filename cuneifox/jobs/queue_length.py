"""How long the queue is, for those who may not be held up: a server that swallows connections answers to nobody."""

from __future__ import annotations

import threading

from cuneifox.jobs.queue import Queue

PATIENCE = 1.0
"""Seconds after which a queue that doesn't answer counts as out of reach."""


class QueueLength:
    """Asks in a thread of its own, of which there is never more than one.

    Args:
        queue: whom to ask.
        patience: seconds to wait.
    """

    def __init__(self, queue: Queue, patience: float = PATIENCE) -> None:
        self.queue, self.patience = queue, patience
        self._asking: threading.Thread | None = None
        self._mutex = threading.Lock()

    def ask(self) -> int | None:
        """Return how many messages no worker has taken yet; None where the queue can't be reached, or not in time."""
        answer: list[int | None] = []
        with self._mutex:
            if self._asking is not None and self._asking.is_alive():
                return None
            thread = self._asking = threading.Thread(
                target=lambda: answer.append(self.queue.length()), name="queue-length", daemon=True
            )
            thread.start()
        thread.join(self.patience)
        return answer[0] if answer else None
