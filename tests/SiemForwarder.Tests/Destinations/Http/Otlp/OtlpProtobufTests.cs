using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Otlp;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Otlp;

/// <summary>OTLP in its binary form keeps the same promises, and says the same as its JSON.</summary>
public sealed class OtlpProtobufTests : HttpDestinationContract
{
    static OtlpProtobufTests()
    {
        Value[5] = ("arrayValue", new Dictionary<int, (string Name, object? Inner)> { [1] = ("values[]", Value) });
        Value[6] = ("kvlistValue", new Dictionary<int, (string Name, object? Inner)> { [1] = ("values[]", KeyValue) });
    }

    protected override HttpReply Accepted => new(200);

    // OTLP does not let a client repeat after 500.
    protected override int ServerError => 502;

    protected override int WireLimit => 4_000_000;

    internal override IDestination Open(DestinationSettings settings) => OtlpDestination.Kind.Open(
        settings with
        {
            Authentication = new(AuthenticationType.Bearer, Token: new Secret(SecretText)),
            Settings = SomeSettings.Own(new { encoding = "protobuf", serviceName = "idm" }),
        },
        TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    public async Task AnIndependentDecoderReadsWhatTheJsonSays(int count)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var binary = Open(SomeSettings.For(UrlOf(receiver)) with { Http = new(Gzip: true) });
        await using var json = OtlpDestination.Kind.Open(
            SomeSettings.For(UrlOf(receiver)) with { Settings = SomeSettings.Own(new { serviceName = "idm" }) }, TimeProvider.System);
        var batch = SomeBatch.Json(count, number => $"{{\"n\":{number},\"yes\":true,\"no\":false,\"list\":[1,[\"\",{{\"a.b\":{{\"c\":-1}}}}]],\"name\":\"zoë \\u00e9 {new string('x', number)}\"}}");

        Assert.IsType<DeliveryOutcome.Delivered>(await binary.SendAsync(batch, Soon));
        await json.SendAsync(batch, Soon);

        Assert.Equal("application/x-protobuf", receiver.Requests[0].FindHeader("Content-Type"));
        Assert.Equal("POST /in/v1/logs HTTP/1.1", receiver.Requests[0].RequestLine);
        var decoded = Decode(receiver.Requests[0].PlainBody, Request);
        Assert.Equal(Sorted(JsonNode.Parse(receiver.Requests[1].PlainBody)!), Sorted(decoded));
    }

    [Fact]
    public async Task OneEventIsTheseBytes()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        await destination.SendAsync(SomeBatch.Of("{}"), Soon);

        var expected = new List<byte>();
        var record = Message(
            [0x10, 9], Text(3, "INFO"), Field(5, Field(6, [])), Pair(6, "log.record.uid", "0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01"), Pair(6, "keycloak.realm", "main"),
            Pair(6, "keycloak.event.kind", "user"), Pair(6, "keycloak.event.type", "LOGIN"), Pair(6, "keycloak.event.outcome", "success"), Text(12, "keycloak.login"));
        var scope = Message(Text(1, "SiemForwarder"), Text(2, OtlpRecord.ScopeVersion));
        var resource = Message(Pair(1, "service.name", "idm"), Pair(1, "host.name", "kc.example.com"), Pair(1, "keycloak.source", "main"));
        expected.AddRange(Field(1, Message(Field(1, resource), Field(2, Message(Field(1, scope), Field(2, record))))));
        Assert.Equal(Convert.ToHexString([.. expected]), Convert.ToHexString(receiver.Requests[0].Body));
    }

    [Theory]
    [InlineData("\n\u000b\u0008\u0003\u0012\u0007too old", "rejected 3 records without saying which: too old")]
    [InlineData("\n\u0002\u0008\u0003", "rejected 3 records")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"3\"}}", "rejected 3 records")]
    public async Task RefusedRecordsOfAPartialSuccessAreLookedForInSmallerBatches(string body, string reason)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, body) { Headers = ["Content-Type: application/x-protobuf"] });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains(reason, Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(Batch(), Soon)).Reason);
    }

    [Theory]
    [InlineData("\n\u000b\u0012\u0009slow down", "slow down")]
    [InlineData("\n\u0000", "HTTP 200")]
    [InlineData("\n\u007f\u0008\u0003", "HTTP 200")]
    [InlineData("\u0007\u0007\u0007", "HTTP 200")]
    [InlineData("nonsense", "HTTP 200")]
    public async Task AWarningIsDeliveredWithANoteAndNonsenseWithout(string body, string note)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, body));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.Contains(note, Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon)).Answer);
    }

    [Fact]
    public async Task ATestSendsTheEmptyRequestFirst()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.True((await destination.TestAsync(Batch(1), Soon)).Succeeded);

        Assert.Equal("application/x-protobuf", receiver.Requests[0].FindHeader("Content-Type"));
        Assert.Empty(receiver.Requests[0].Body);
        Assert.NotEmpty(receiver.Requests[1].Body);
    }

    // The fields of opentelemetry-proto 1.11 by their numbers: their JSON names, and what stands in them.
    private static readonly Dictionary<int, (string Name, object? Inner)> Value = new()
    {
        [1] = ("stringValue", null), [2] = ("boolValue", null), [3] = ("intValue", null),
    };

    private static readonly Dictionary<int, (string Name, object? Inner)> KeyValue = new() { [1] = ("key", null), [2] = ("value", Value) };
    private static readonly Dictionary<int, (string Name, object? Inner)> Record = new()
    {
        [1] = ("timeUnixNano", null), [2] = ("severityNumber", null), [3] = ("severityText", null), [5] = ("body", Value), [6] = ("attributes[]", KeyValue),
        [11] = ("observedTimeUnixNano", null), [12] = ("eventName", null),
    };

    private static readonly Dictionary<int, (string Name, object? Inner)> Request = new()
    {
        [1] = ("resourceLogs[]", new Dictionary<int, (string Name, object? Inner)>
        {
            [1] = ("resource", new Dictionary<int, (string Name, object? Inner)> { [1] = ("attributes[]", KeyValue) }),
            [2] = ("scopeLogs[]", new Dictionary<int, (string Name, object? Inner)>
            {
                [1] = ("scope", new Dictionary<int, (string Name, object? Inner)> { [1] = ("name", null), [2] = ("version", null) }),
                [2] = ("logRecords[]", Record),
            }),
        }),
    };

    private static JsonObject Decode(byte[] bytes, Dictionary<int, (string Name, object? Inner)> fields)
    {
        var message = new JsonObject();
        using var input = new CodedInputStream(bytes);
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            var (name, inner) = fields[WireFormat.GetTagFieldNumber(tag)];
            JsonNode value = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Fixed64 => input.ReadFixed64().ToString(System.Globalization.CultureInfo.InvariantCulture),
                WireFormat.WireType.Varint when name == "boolValue" => input.ReadBool(),
                WireFormat.WireType.Varint => input.ReadInt64(),
                _ when inner is Dictionary<int, (string Name, object? Inner)> nested => Decode(input.ReadBytes().ToByteArray(), nested),
                _ => input.ReadString(),
            };
            if (!name.EndsWith("[]", StringComparison.Ordinal))
            {
                message.Add(name, value);
            }
            else
            {
                ((message[name[..^2]] ??= new JsonArray()) as JsonArray)!.Add(value);
            }
        }

        return message;
    }

    private static string Sorted(JsonNode? node) => node switch
    {
        JsonObject members => $"{{{string.Join(',', members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"{member.Key}:{Sorted(member.Value)}"))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(Sorted))}]",
        _ => node?.ToString() ?? "null",
    };

    private static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(field => field)];

    private static byte[] Text(int field, string text) => Field(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Pair(int field, string key, string value) => Field(field, Message(Text(1, key), Field(2, Text(1, value))));

    private static byte[] Field(int field, byte[] bytes) => bytes.Length < 128
        ? [(byte)((field << 3) | 2), (byte)bytes.Length, .. bytes]
        : [(byte)((field << 3) | 2), (byte)(bytes.Length | 0x80), (byte)(bytes.Length >> 7), .. bytes];
}
