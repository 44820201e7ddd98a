"""What flows out of a run while it goes on: :class:`~jupyter_datum.flow.stream.Stream`."""

from .stream import Stream, StreamedDatum, stream_here

__all__ = ["Stream", "StreamedDatum", "stream_here"]
