using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Nats;

/// <summary>A connection to a NATS server: publishes in windows, and collects what JetStream answers to each message.</summary>
internal sealed class NatsSession : IAsyncDisposable
{
    private const int Window = 256;

    private readonly Connection connection;
    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly NatsReader reader;
    private readonly int maxPayload;
    private readonly string inbox = $"_INBOX.{Guid.NewGuid():N}";
    private readonly MemoryStream frames = new();

    private NatsSession(Connection connection, DestinationSettings settings, int maxPayload, TimeProvider time)
    {
        this.connection = connection;
        this.settings = settings;
        this.maxPayload = maxPayload;
        this.time = time;
        reader = new NatsReader(connection.Stream);
    }

    /// <summary>Whether the connection can be used for another batch.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <summary>Connects, secures the connection where the URL says so, signs in, and subscribes to the answers.</summary>
    public static async Task<Result<NatsSession>> OpenAsync(
        Connector connector, DestinationSettings settings, StageLog? log, TimeProvider time, CancellationToken cancellationToken)
    {
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (!opened.TryGet(out var connection, out var fault))
        {
            return fault;
        }

        NatsSession? session = null;
        try
        {
            using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
            var greeting = await GreetAsync(connection, settings, bound, cancellationToken);
            if (!greeting.TryGet(out var info, out fault))
            {
                log?.Failed(fault.Category == ErrorCategory.Tls ? TestStageName.Tls : TestStageName.Authentication, fault);
                return fault;
            }

            if (settings.ServerUrl.Scheme == "natss")
            {
                var secured = await connector.SecureAsync(connection, log, cancellationToken);
                if (!secured.TryGet(out var safe, out fault))
                {
                    return fault;
                }

                connection = safe;
            }

            var started = new NatsSession(connection, settings, (int?)info["max_payload"] ?? 1024 * 1024, time);
            fault = await started.SignInAsync(cancellationToken);
            if (fault is not null)
            {
                log?.Failed(TestStageName.Authentication, fault);
                return fault;
            }

            log?.Passed(TestStageName.Authentication, $"NATS {OneLine.Of((string?)info["version"] ?? "", 40)} accepted the forwarder");
            return session = started;
        }
        finally
        {
            if (session is null)
            {
                connection.Abort();
                await connection.DisposeAsync();
            }
        }
    }

    /// <summary>Publishes a batch and waits until every message of it is answered.</summary>
    public async Task<SettledBatch> SendAsync(DeliveryBatch batch, string subject, CancellationToken cancellationToken)
    {
        var answers = new NatsAnswers(batch.Count);
        Fault? fault = null;
        for (var first = 0; first < batch.Count && fault is null; first += Window)
        {
            frames.SetLength(0);
            var last = Math.Min(first + Window, batch.Count);
            for (var index = first; index < last; index++)
            {
                if (!TryAdd(batch, index, subject))
                {
                    answers.Refuse(index, $"The event is larger than the {maxPayload} bytes that the server takes.");
                }
            }

            var end = last;
            fault = await ExchangeAsync(() => answers.IsAnswered(end), answers, cancellationToken);
        }

        IsUsable = fault is null;
        return answers.ToBatch(fault, connection.Endpoint, settings, subject);
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        await reader.DisposeAsync();
        await frames.DisposeAsync();
    }

    // The server speaks first, in plain text, and then waits.
    private static async Task<Result<JsonObject>> GreetAsync(
        Connection connection, DestinationSettings settings, TimeBound bound, CancellationToken cancellationToken)
    {
        try
        {
            var line = await NatsReader.ReadFirstLineAsync(connection.Stream, bound.Token);
            if (line is null)
            {
                return SocketFaults.Reset(connection.Endpoint);
            }

            if (!line.StartsWith("INFO ", StringComparison.Ordinal) || Parse(line[5..]) is not { } info)
            {
                return NotNats(connection.Endpoint);
            }

            return (bool?)info["tls_required"] == true && settings.ServerUrl.Scheme == "nats"
                ? new Fault(ErrorCategory.Tls, $"{connection.Endpoint} requires TLS.", "Use natss:// in the server URL.", NeedsChange: true)
                : (bool?)info["headers"] != true
                    ? new Fault(ErrorCategory.Configuration, $"{connection.Endpoint} does not take headers.", "Use NATS 2.2 or newer.", NeedsChange: true)
                    : info;
        }
        catch (Exception exception) when (IsOfNetwork(exception) || bound.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return bound.IsOver ? Silent(connection.Endpoint, settings) : SocketFaults.Broken(connection.Endpoint, exception);
        }
    }

    private async Task<Fault?> SignInAsync(CancellationToken cancellationToken)
    {
        var hello = new JsonObject
        {
            ["verbose"] = false, ["pedantic"] = false, ["headers"] = true, ["no_responders"] = true, ["protocol"] = 1, ["lang"] = "dotnet", ["version"] = "1",
            ["name"] = "siemforwarder", ["tls_required"] = settings.ServerUrl.Scheme == "natss",
        };
        switch (settings.Authentication.Type)
        {
            case AuthenticationType.Basic:
                hello["user"] = settings.Authentication.Username ?? "";
                hello["pass"] = SecretText.Of(settings.Authentication.Password?.Reveal(), keepsBlanks: true)?.Reveal() ?? "";
                break;
            case AuthenticationType.Bearer:
                hello["auth_token"] = SecretText.Of(settings.Authentication.Token?.Reveal())?.Reveal() ?? "";
                break;
        }

        frames.SetLength(0);
        Write($"CONNECT {hello.ToJsonString()}\r\nSUB {inbox}.* 1\r\nPING\r\n");
        var answers = new NatsAnswers(0);
        return await ExchangeAsync(() => answers.HasPong, answers, cancellationToken);
    }

    private async Task<Fault?> ExchangeAsync(Func<bool> isDone, NatsAnswers answers, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
        try
        {
            await connection.Stream.WriteAsync(frames.GetBuffer().AsMemory(0, (int)frames.Length), bound.Token);
            await connection.Stream.FlushAsync(bound.Token);
            while (!isDone())
            {
                var frame = await reader.ReadAsync(bound.Token);
                switch (frame)
                {
                    case null:
                        return SocketFaults.Reset(connection.Endpoint);
                    case { Kind: NatsFrameKind.Ping }:
                        await connection.Stream.WriteAsync("PONG\r\n"u8.ToArray(), bound.Token);
                        break;
                    case { Kind: NatsFrameKind.Pong }:
                        answers.HasPong = true;
                        break;
                    case { Kind: NatsFrameKind.Error }:
                        return Refused(frame.Text);
                    case { Kind: NatsFrameKind.Message } when frame.Text.StartsWith($"{inbox}.", StringComparison.Ordinal):
                        answers.Note(frame.Text[(inbox.Length + 1)..], frame.Payload);
                        bound.Extend(settings.Timeout);
                        break;
                    case { Kind: NatsFrameKind.Unknown }:
                        return NotNats(connection.Endpoint);
                }
            }

            return null;
        }
        catch (Exception exception) when (IsOfNetwork(exception) || bound.IsOver)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return bound.IsOver ? Silent(connection.Endpoint, settings)
                : TlsFaults.FindAlert(connection.Endpoint, exception, connection.HasClientCertificate) ?? SocketFaults.Broken(connection.Endpoint, exception);
        }
    }

    // HPUB subject reply header-length total-length CRLF header payload CRLF.
    private bool TryAdd(DeliveryBatch batch, int index, string subject)
    {
        var header = Encoding.ASCII.GetBytes($"NATS/1.0\r\nNats-Msg-Id: {HeaderId(batch.Events[index].Id)}\r\n\r\n");
        var payload = batch[index].Span;
        if (header.Length + payload.Length > maxPayload)
        {
            return false;
        }

        Write(string.Create(CultureInfo.InvariantCulture, $"HPUB {subject} {inbox}.{index} {header.Length} {header.Length + payload.Length}\r\n"));
        frames.Write(header);
        frames.Write(payload);
        frames.Write("\r\n"u8);
        return true;
    }

    // An id that somebody else chose must not add a header.
    private static string HeaderId(string id) => id.Length is > 0 and <= 255 && id.All(character => character is > ' ' and <= '~')
        ? id : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))}";

    private void Write(string text) => frames.Write(Encoding.UTF8.GetBytes(text));

    private Fault Refused(string text)
    {
        var said = settings.Quote(text.Trim(' ', '\''));
        return text.Contains("Permissions Violation", StringComparison.OrdinalIgnoreCase)
            ? new Fault(
                ErrorCategory.Authorization, $"{connection.Endpoint} refused it: {said}.",
                "Allow the user to publish to the subject, and to subscribe to _INBOX.>.", NeedsChange: true)
            : text.Contains("Authorization", StringComparison.OrdinalIgnoreCase) || text.Contains("Authentication", StringComparison.OrdinalIgnoreCase)
                ? new Fault(
                    ErrorCategory.Authentication, $"{connection.Endpoint} did not accept the credentials: {said}.",
                    "Check user name and password, or the token, under authentication.", NeedsChange: true)
                : new Fault(ErrorCategory.Connection, $"{connection.Endpoint} closed the connection: {said}.", "Look at its log; the batch is sent again.");
    }

    private static JsonObject? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsOfNetwork(Exception exception) => exception is IOException or SocketException or ObjectDisposedException;

    private static Fault NotNats(Endpoint endpoint) => new(
        ErrorCategory.Configuration, $"{endpoint} does not speak NATS.", "Use the client port of a NATS server, usually 4222.", NeedsChange: true);

    private static Fault Silent(Endpoint endpoint, DestinationSettings settings) => new(
        ErrorCategory.Timeout, $"{endpoint} answered nothing for {settings.Timeout.TotalSeconds:0.##} s.",
        "Check that this is the client port of a NATS server, and its load; what is not confirmed is sent again.");
}

/// <summary>What JetStream answered to the messages of one batch.</summary>
/// <remarks>Publish acknowledgements: https://docs.nats.io/reference/reference-protocols/nats_api_reference#publishing-to-a-stream.</remarks>
internal sealed class NatsAnswers(int count)
{
    private const int TooLarge = 10054;
    private const string NoStream = "503";

    private readonly string?[] faults = new string?[count];
    private readonly bool[] answered = new bool[count];
    private readonly bool[] refused = new bool[count];
    private bool hasNoStream;

    public bool HasPong { get; set; }

    public bool IsAnswered(int end) => answered.AsSpan(0, end).IndexOf(false) < 0;

    public void Refuse(int index, string why) => (answered[index], refused[index], faults[index]) = (true, true, why);

    /// <summary>Records an answer, by the last word of its subject.</summary>
    public void Note(string number, ReadOnlySpan<byte> payload)
    {
        if (!int.TryParse(number, CultureInfo.InvariantCulture, out var index) || index < 0 || index >= count || answered[index])
        {
            return;
        }

        answered[index] = true;
        // Headers alone: nobody listens to the subject.
        if (payload.StartsWith("NATS/1.0 503"u8))
        {
            (hasNoStream, faults[index]) = (true, NoStream);
            return;
        }

        try
        {
            var answer = JsonNode.Parse(payload) as JsonObject;
            if (answer?["error"] is JsonObject error)
            {
                faults[index] = (string?)error["description"] ?? "refused";
                refused[index] = (int?)error["err_code"] == TooLarge;
            }
            else if (answer?["stream"] is null)
            {
                faults[index] = "an answer that is no acknowledgement of a stream";
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            faults[index] = "an answer that is no acknowledgement of a stream";
        }
    }

    public SettledBatch ToBatch(Fault? fault, Endpoint endpoint, DestinationSettings settings, string subject)
    {
        List<RejectedEvent> rejected = [];
        List<int> retry = [];
        string? first = null;
        for (var index = 0; index < count; index++)
        {
            if (refused[index])
            {
                var why = settings.Quote(faults[index]!);
                rejected.Add(new RejectedEvent(index, $"Integration '{settings.IntegrationName}': {endpoint} does not take the event: {why}", why));
            }
            else if (!answered[index] || faults[index] is not null)
            {
                retry.Add(index);
                first ??= faults[index];
            }
        }

        fault ??= hasNoStream
            ? new Fault(
                ErrorCategory.Configuration, $"no stream of JetStream at {endpoint} stores the subject '{subject}'.",
                "Create a stream for the subject, or correct settings.subject.", NeedsChange: true)
            : first is not null
                ? new Fault(
                    ErrorCategory.ServerError, $"the stream at {endpoint} did not store messages: {settings.Quote(first)}.",
                    "Check the limits of the stream; the batch is sent again.")
                : rejected.Count > 0
                    ? new Fault(ErrorCategory.Rejected, rejected[0].Answer, "Raise max_payload of the server or the limit of the stream.")
                    : null;
        return new SettledBatch(rejected, retry, fault);
    }
}
