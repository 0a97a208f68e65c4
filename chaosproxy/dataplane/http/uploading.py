"""The body of a request that streams: passed on to the tool as it comes, while the call is in progress."""

from time import monotonic

from chaosproxy.core.answer import UpstreamTruth
from chaosproxy.dataplane.http.exchange import Exchange
from chaosproxy.dataplane.http.requests.reading import BODY_CAP
from chaosproxy.dataplane.http.wire import chunk, last_chunk


def pass_on(exchange: Exchange, data: bytes) -> None:
    """A further piece of the body."""
    request, upstream = exchange.request, exchange.upstream
    if upstream is None or upstream.closed:
        if not exchange.finished and exchange.truth is UpstreamTruth.NOT_SENT and not exchange.unwanted:
            request.parts.append(data)
            if request.size > BODY_CAP:
                exchange.agent.hold(True)  # only now: while we do not read, we do not see the agent leave
        return
    _more_time(exchange)
    upstream.transport.write(chunk(data) if request.chunked else data)


def complete(exchange: Exchange) -> None:
    """The body is complete."""
    upstream = exchange.upstream
    if upstream is not None and not upstream.closed and not upstream.whole:
        upstream.whole = True
        _more_time(exchange)
        if exchange.request.chunked:
            upstream.transport.write(last_chunk(exchange.request.trailers or ()))


def discard(exchange: Exchange) -> None:
    """Nobody will want the rest of the body: it is read and dropped, so that the agent is seen to leave."""
    exchange.unwanted = True
    exchange.request.parts.clear()
    if not exchange.request.complete:
        exchange.agent.hold(False)


def _more_time(exchange: Exchange) -> None:
    """The time limit is for the upstream, which cannot answer while the agent is still asking."""
    if exchange.deadline:
        exchange.deadline = monotonic() + exchange.judged.destination.origin.settings.timeout
