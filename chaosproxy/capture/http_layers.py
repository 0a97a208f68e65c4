"""mitmproxy's HTTP, without what it would add to or take from a conversation.

Its own words name it (`Server: mitmproxy`), and a 502 of its own would stand where a fault broke a connection: here, a
call that broke is a connection closed, or a stream reset. Nor does it know 1xx and trailers in HTTP/1, which would end
a call or its connection: here, 1xx are dropped, and trailers pass. Knows nothing of where requests go.
"""

from typing import cast

import h11
from h2.errors import ErrorCodes
from mitmproxy import http
from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as layers
from mitmproxy.proxy.layers.http import _base, _events, _http1, _http2

from chaosproxy.dataplane.http.wire import MAX_HEAD, last_chunk, own_word

Commands = layer.CommandGenerator[None]

_INTERIM = (b"HTTP/1.1 100", b"HTTP/1.1 102", b"HTTP/1.1 103")


class CaughtHttp(layers.HttpLayer):
    """One client's HTTP; each of its requests goes wherever the request says, in clear, over HTTP/1.1."""

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start):
            multiplexed = self.context.client.alpn == b"h2"
            server = _CaughtHttp2 if multiplexed else _CaughtHttp1
            self.connections[self.context.client] = server(self.context.fork())
        yield from super()._handle_event(event)

    def get_connection(self, event: layers.GetHttpConnection, *, reuse: bool = True) -> Commands:
        """As mitmproxy's, but it never speaks TLS to a server or asks a proxy: whoever is asked is our listener."""
        self._forget_the_ended()
        found = self._kept(event) if reuse and self.context.client.alpn != b"h2" else None
        if found is not None:
            stream = self.command_sources.pop(event)
            yield from self.event_to_child(stream, layers.GetHttpConnectionCompleted(event, (found, None)))
            return
        context = self.context.fork()
        context.server = Server(address=event.address)
        onward = _Onward(context)
        self.connections[context.server] = onward
        self.waiting_for_establishment[context.server].append(event)
        yield from self.event_to_child(onward, events.Start())

    def _kept(self, event: layers.GetHttpConnection) -> Server | None:
        """HTTP/1 clients have one call at a time, and so one connection onward."""
        suitable = (
            each
            for each in self.connections
            if isinstance(each, Server) and each.connected and event.connection_spec_matches(each)
        )
        return next(suitable, None)

    def _forget_the_ended(self) -> None:
        """Without this they are kept, which is much where each HTTP/2 stream has a connection of its own."""
        for each in [each for each in self.connections if isinstance(each, Server) and each.timestamp_end]:
            del self.connections[each]


class _Onward(layer.Layer):
    """A connection to our listener, opened when it is needed."""

    _spoken: layer.Layer | None = None

    def _handle_event(self, event: events.Event) -> Commands:
        if self._spoken is not None:
            yield from self._spoken.handle_event(event)
            return
        assert isinstance(event, events.Start)
        error = yield commands.OpenConnection(self.context.server)
        if not error:
            self._spoken = _CaughtUpstream(self.context)
            yield from self._spoken.handle_event(event)
        yield layers.RegisterHttpConnection(self.context.server, error)


# HTTP/2 to the client


class _CaughtHttp2(_http2.Http2Server):
    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, _events.ResponseTrailers):
            event.trailers = http.Headers([(name.lower(), value) for name, value in event.trailers.fields])
        if not isinstance(event, _events.ResponseProtocolError):
            yield from super()._handle_event(event)
        elif not self.is_closed(event.stream_id):
            self.h2_conn.reset_stream(event.stream_id, ErrorCodes.INTERNAL_ERROR)
            yield commands.SendData(self.conn, self.h2_conn.data_to_send())


# HTTP/1 on either side


class _Chunks:
    """Reads a chunked body, and keeps the trailers that mitmproxy would stumble over."""

    def __init__(self, reader: _http1.TBodyReader) -> None:
        self._reader = reader
        self.read_eof = reader.read_eof
        self.trailers: list[tuple[bytes, bytes]] = []

    def __call__(self, buffer: h11._receivebuffer.ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        event = self._reader(buffer)
        if isinstance(event, h11.EndOfMessage) and event.headers:
            self.trailers = list(event.headers.raw_items())
            return h11.EndOfMessage()
        return event


def _chunks(connection: _http1.Http1Connection) -> _Chunks:
    """The connection's body reader, made one that knows trailers."""
    reader: object = connection.body_reader
    if not isinstance(reader, _Chunks):
        reader = _Chunks(connection.body_reader)
        connection.body_reader = cast("_http1.TBodyReader", reader)
    return reader


class _CaughtHttp1(_http1.Http1Server):
    """Towards the client."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._trailers: http.Headers | None = None

    def send(self, event: _base.HttpEvent) -> Commands:
        """Part of a response."""
        if isinstance(event, _events.ResponseProtocolError):
            yield commands.CloseConnection(self.conn)
        elif isinstance(event, _events.ResponseTrailers):
            self._trailers = event.trailers
        elif isinstance(event, _events.ResponseEndOfMessage) and self._trailers is not None:
            yield commands.SendData(self.conn, last_chunk(self._trailers.fields))
            self._trailers = None
            yield from self.mark_done(response=True)
        else:
            yield from super().send(event)

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        """A request's head. One that cannot be read is answered as our listener answers it."""
        for command in super().read_headers(event):
            if isinstance(command, commands.SendData):
                refusal = own_word(400, "not an HTTP/1.1 request", close=True)
                yield commands.SendData(self.conn, refusal)
            else:
                yield command
        if self.state == self.read_headers and len(self.buf) > MAX_HEAD:
            yield commands.SendData(self.conn, own_word(431, f"the request head is larger than {MAX_HEAD} bytes"))
            yield commands.CloseConnection(self.conn)
            self.state = self.done

    def read_body(self, event: events.Event) -> Commands:
        """A request's body. Its trailers end here, as they would at our listener."""
        _chunks(self)
        yield from super().read_body(event)


class _CaughtUpstream(_http1.Http1Client):
    """Towards our listener."""

    def send(self, event: _base.HttpEvent) -> Commands:
        """Part of a request."""
        if not isinstance(event, _events.RequestTrailers):
            yield from super().send(event)

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        """A response's head, past those that are not the last (RFC 9110, 15.2)."""
        while self.request is not None and bytes(self.buf)[:12] in _INTERIM:
            if not self.buf.maybe_extract_lines():
                return
        yield from super().read_headers(event)

    def read_body(self, event: events.Event) -> Commands:
        """A response's body, and its trailers."""
        chunks = _chunks(self)
        for command in super().read_body(event):
            ended = isinstance(command, _base.ReceiveHttp) and isinstance(command.event, _events.ResponseEndOfMessage)
            if ended and chunks.trailers and self.stream_id is not None:
                yield _base.ReceiveHttp(_events.ResponseTrailers(self.stream_id, http.Headers(chunks.trailers)))
            yield command
