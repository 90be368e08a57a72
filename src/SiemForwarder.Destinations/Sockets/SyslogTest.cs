using System.Net.Sockets;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>The test of a syslog destination, stage by stage on its own connection.</summary>
internal static class SyslogTest
{
    /// <summary>How long to wait for a receiver to object: to a client certificate (TLS 1.3), the framing, or the sender.</summary>
    private static readonly TimeSpan Listening = TimeSpan.FromSeconds(1);

    public static async Task<TestReport> OverStreamAsync(
        Connector connector, DestinationSettings settings, TimeProvider time, DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await SyslogConnection.OpenAsync(connector, settings.Timeout, time, log, cancellationToken);
        if (!opened.TryGet(out var connection, out _))
        {
            return log.ToReport(default, default);
        }

        using var frames = new SyslogFrames(settings.Framing);
        var framed = frames.Frame(batch);
        ReadOnlyMemory<byte> sent = framed.ToArray();
        await using (connection)
        {
            var fault = await connection.WriteAsync(framed, cancellationToken)
                ?? await ListenAsync(connection, connector.Endpoint, time, cancellationToken);
            var received = connection.Watch.Received.ToArray();
            if (fault is { Category: ErrorCategory.Tls })
            {
                log.Failed(TestStageName.Authentication, fault);
                return log.ToReport(sent, received);
            }

            NoteAuthentication(log, connection);
            if (fault is not null)
            {
                log.Failed(TestStageName.Acceptance, fault);
            }
            else
            {
                log.Passed(
                    TestStageName.Acceptance,
                    $"{connector.Endpoint} received {sent.Length} bytes and kept the connection open. Syslog confirms nothing beyond that: look for the test "
                        + "event in the SIEM.");
            }

            return log.ToReport(sent, received);
        }
    }

    public static async Task<TestReport> OverUdpAsync(
        Endpoint endpoint, DestinationSettings settings, TimeProvider time, DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await SyslogUdpDestination.OpenAsync(endpoint, settings.Egress, settings.Timeout, time, log, cancellationToken);
        if (!opened.TryGet(out var socket, out _))
        {
            return log.ToReport(default, default);
        }

        using (socket)
        {
            log.Skipped(TestStageName.Connect, "UDP has no connection");
            log.Skipped(TestStageName.Tls, "UDP is not encrypted");
            log.Skipped(TestStageName.Authentication, "syslog over UDP has no authentication");
            var message = batch[0].ToArray();
            var fault = await SendAndListenAsync(socket, endpoint, time, message, cancellationToken);
            if (fault is not null)
            {
                log.Failed(TestStageName.Acceptance, fault);
            }
            else
            {
                log.Passed(TestStageName.Acceptance,
                    $"{message.Length} bytes were sent to {endpoint}. UDP does not confirm delivery: look for the test event in the SIEM.");
            }

            return log.ToReport(message, default);
        }
    }

    private static void NoteAuthentication(StageLog log, SyslogConnection connection)
    {
        if (connection.HasClientCertificate)
        {
            log.Passed(TestStageName.Authentication, "the receiver did not object to the client certificate");
        }
        else
        {
            log.Skipped(TestStageName.Authentication, "syslog has no authentication, and no client certificate is used");
        }
    }

    private static async Task<Fault?> ListenAsync(
        SyslogConnection connection, Endpoint endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(Listening, time, cancellationToken);
        try
        {
            await Task.WhenAny(connection.Watch.Spoke, connection.Watch.Ended).WaitAsync(bound.Token);
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return null;
        }

        return connection.WhatThePeerSaid() ?? connection.WhatTheWatchSaw() ?? SyslogConnection.ClosedAtOnce(endpoint);
    }

    private static async Task<Fault?> SendAndListenAsync(
        Socket socket, Endpoint endpoint, TimeProvider time, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(Listening, time, cancellationToken);
        try
        {
            if (await SyslogUdpDestination.SendDatagramAsync(socket, message, bound.Token) == SocketError.MessageSize)
            {
                return new Fault(
                    ErrorCategory.Rejected, $"the event of {message.Length} bytes does not fit into a UDP datagram.",
                    "Use tcp:// or tls://, or lower the message size.", NeedsChange: true);
            }

            // If nothing is listening, the receiver's system reports it by ICMP, and the kernel returns it on the next call.
            await socket.ReceiveAsync(new byte[1], bound.Token);
            return null;
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return null;
        }
        catch (SocketException exception)
        {
            return SyslogUdpDestination.Undeliverable(endpoint, exception);
        }
    }
}
