"""Following the log of a cell by asking again and again."""

import threading
from collections import deque
from collections.abc import Sequence

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

POLL_SECONDS = 0.05
PAGE = 500  # notifications read at once


class PollingSubscription(Subscription[ApplicationRecorder]):
    """Polls, for the engine writes without NOTIFY and in another process. Ends when told to `stop`."""

    def __init__(
        self, recorder: ApplicationRecorder, gt: int | None, topics: Sequence[str]
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._done = gt or 0  # everything up to here was read
        self._read: deque[Notification] = deque()
        self._stopped = threading.Event()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            if self._read:
                return self._read.popleft()
            if not self._advance():
                self._stopped.wait(POLL_SECONDS)
        raise StopIteration

    def _advance(self) -> bool:
        """Read on; False at the head of the log. Events of other topics are not read again."""
        head = self._recorder.max_notification_id() or 0
        if head <= self._done:
            return False
        page = self._recorder.select_notifications(
            self._done, PAGE, head, self._topics, inclusive_of_start=False
        )
        self._read.extend(page)
        self._done = page[-1].id if len(page) == PAGE else head
        return True
