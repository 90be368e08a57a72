using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations;

/// <summary>What a destination shows beforehand is what its receiver then gets, octet by octet.</summary>
public sealed class WireImageTests
{
    private const string SecretText = "s3cr3t-of-the-receiver";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryKindOfTheCatalogueShowsEveryEventAndNoSecret()
    {
        foreach (var kind in DestinationCatalog.All)
        {
            await using var destination = Open(kind);
            var image = await destination.RenderAsync(SomeBatch.Json(3), Token);

            Assert.True(image is { Units.Count: > 0 }, kind.Id);
            var shown = string.Concat(image!.Units.Select(unit => Encoding.UTF8.GetString(unit.Head.Span) + Encoding.UTF8.GetString(unit.Body.Span)));
            Assert.DoesNotContain(SecretText, shown + image.Note, StringComparison.Ordinal);
            Assert.All(Enumerable.Range(0, 3), number => Assert.True(
                Forms($"{{\"n\":{number}}}").Append(OtlpMap(number)).Any(form => shown.Contains(form, StringComparison.Ordinal)), $"{kind.Id}: {shown}"));
            // Where a made-up secret is none that the kind takes, no request can be made of it; it says so.
            Assert.All(image.Units, unit => Assert.True(unit.Kind == WireUnitKind.Request ? !unit.Head.IsEmpty || image.Note is not null : unit.Head.IsEmpty, kind.Id));
        }
    }

    [Fact]
    public async Task ASignatureIsMaskedLikeTheSecretThatMadeIt()
    {
        var settings = SomeSettings.For("https://siem.example.com/in") with { Settings = SomeSettings.Own(new { signingSecret = "whsec_" + Convert.ToBase64String(new byte[32]) }) };
        await using var destination = DestinationCatalog.Find("webhook")!.Open(settings, TimeProvider.System);

        var image = await destination.RenderAsync(SomeBatch.Json(1), Token);

        Assert.Contains("webhook-signature: ***\r\n", Encoding.UTF8.GetString(image!.Units[0].Head.Span), StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(image.Note);
    }

    [Theory]
    [InlineData(SyslogFraming.LineFeed)]
    [InlineData(SyslogFraming.OctetCounting)]
    public async Task AStreamIsShownAsTheReceiverGetsIt(SyslogFraming framing)
    {
        await using var receiver = TcpSyslogReceiver.Start();
        var batch = SomeBatch.Of("<86>1 - - - - - - one\nline", "<86>1 - - - - - - zwei ä");
        var settings = SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}") with { Framing = framing };
        await using var destination = DestinationCatalog.Find("syslog")!.Open(settings, TimeProvider.System);
        await destination.SendAsync(batch, Token);
        await receiver.WaitForMessagesAsync(2, Token);

        var unit = Assert.Single((await destination.RenderAsync(batch, Token))!.Units);

        Assert.Equal(receiver.Connections[0].Bytes, unit.Body.ToArray());
    }

    [Fact]
    public async Task DatagramsAreShownAsTheReceiverGetsThem()
    {
        await using var receiver = UdpSyslogReceiver.Start();
        var batch = SomeBatch.Of("<86>1 - - - - - - one", "<86>1 - - - - - - two");
        await using var destination = DestinationCatalog.Find("syslog")!.Open(SomeSettings.For($"udp://127.0.0.1:{receiver.Port}"), TimeProvider.System);
        await destination.SendAsync(batch, Token);
        await receiver.WaitForDatagramsAsync(2, Token);

        Assert.Equal(receiver.Datagrams, (await destination.RenderAsync(batch, Token))!.Units.Select(unit => unit.Body.ToArray()));
    }

    [Fact]
    public async Task RelpFramesAreShownAsTheReceiverGetsThem()
    {
        await using var receiver = RelpReceiver.Start(_ => "200 OK");
        var batch = SomeBatch.Of("<86>1 - - - - - - one", "<86>1 - - - - - - zwei ä");
        await using var destination = DestinationCatalog.Find("relp")!.Open(SomeSettings.For($"tcp://127.0.0.1:{receiver.Port}"), TimeProvider.System);
        await destination.SendAsync(batch, Token);

        var shown = Assert.Single((await destination.RenderAsync(batch, Token))!.Units).Body.ToArray();

        var got = receiver.Bytes;
        Assert.Equal(shown, got[got.AsSpan().IndexOf("2 syslog "u8)..]);
    }

    [Fact]
    public async Task AFileIsShownAsItIsWritten()
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-image-").FullName;
        var batch = SomeBatch.Of("one\nline", "zwei ä");
        await using (var destination = DestinationCatalog.Find("file")!.Open(SomeSettings.For("file:///soc/a.log") with { LocalFolder = folder }, TimeProvider.System))
        {
            await destination.SendAsync(batch, Token);
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(folder, "soc", "a.log"), Token), (await destination.RenderAsync(batch, Token))!.Units[0].Body.ToArray());
        }

        Directory.Delete(folder, recursive: true);
    }

    private static string OtlpMap(int number) => $$$"""{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"{{{number}}}"}}]}}""";

    /// <summary>The ways in which a destination may write an event: as it is, without its begin among other members, as a JSON string, as Base64.</summary>
    private static string[] Forms(string json) =>
        [json, json[1..], JsonEncodedText.Encode(json).ToString(), json.Replace("\"", "\\\"", StringComparison.Ordinal), Convert.ToBase64String(Encoding.UTF8.GetBytes(json))];

    /// <summary>Opens a kind with something in every field that it needs or keeps secret.</summary>
    private static IDestination Open(DestinationKind kind)
    {
        var own = kind.Fields.Where(field => field.Name.StartsWith("settings.", StringComparison.Ordinal) && (field.Required || field.Secret))
            .ToDictionary(field => field.Name["settings.".Length..], field => field.Secret ? SecretText : "some-name");
        var settings = SomeSettings.For($"{kind.Schemes.First()}://siem.example.com/x");
        return kind.Open(settings with { Settings = own.Count == 0 ? null : SomeSettings.Own(own) }, TimeProvider.System);
    }
}
