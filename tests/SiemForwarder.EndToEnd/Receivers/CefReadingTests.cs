using System.Text;
using System.Text.Json;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>What liblognorm, through rsyslog, reads out of our CEF is what we put in.</summary>
public sealed class CefReadingTests(RsyslogServer server) : IClassFixture<RsyslogServer>
{
    private static readonly string[] HeaderNames = ["DeviceVendor", "DeviceProduct", "DeviceVersion", "SignatureID", "Name", "Severity"];

    [Fact]
    public async Task TheCefOfEveryTypeAndOfHostileTextIsReadAsWritten()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        SecurityEvent[] events = [.. CatalogueEvents.All().Concat(Hostile()).Select((one, number) => one with { Id = $"number-{number}" })];
        var formatter = EventFormatCatalog.Create(FormatSettings.For("cef-5424", 32768), "1.0.0");
        string[] messages = [.. events.Select(one => FormatSettings.Text(FormatSettings.Write(formatter, one)))];
        Assert.Empty(EventCatalog.All.Select(description => description.Type).Except(events.Select(one => one.Type)));

        await using var destination = server.Open($"tcp://127.0.0.1:{server.CefPort}", SyslogFraming.OctetCounting);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Of(messages), bound.Token));

        var trees = (await server.ReadCefAsync(events.Length, bound.Token)).Select(line => line.GetProperty("tree").GetProperty("cef"));
        var read = trees.ToDictionary(cef => cef.GetProperty("Extensions").GetProperty("externalId").GetString()!);
        foreach (var (one, message) in events.Zip(messages))
        {
            AssertSame(CefParser.Parse(message[message.IndexOf("CEF:0|", StringComparison.Ordinal)..]), read[one.Id]);
        }
    }

    private static void AssertSame(CefParser written, JsonElement read)
    {
        Assert.Equal(written.Header[1..], HeaderNames.Select(name => read.GetProperty(name).GetString()));
        Assert.Equal(
            written.Pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal),
            read.GetProperty("Extensions").EnumerateObject().Select(member => KeyValuePair.Create(member.Name, member.Value.GetString()!))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    private static IEnumerable<SecurityEvent> Hostile() => HostileText.Examples.Select(text => Some.Normalized(
        EventStream.User,
        Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(new
        {
            id = "e", time = 1762164930123, type = "LOGIN_ERROR", realmId = "r1", clientId = text, userId = "u1", ipAddress = "192.0.2.1", error = text,
            details = new { username = text, redirect_uri = text },
        }))));
}
