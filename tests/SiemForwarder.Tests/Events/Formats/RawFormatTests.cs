using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Json;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The raw schema shows what the source sent, on one line and without secrets.</summary>
public sealed class RawFormatTests
{
    [Fact]
    public void EveryRecordedLoginEventComesBackMemberForMember()
    {
        foreach (var (stream, json) in RecordedEvents.Names.SelectMany(RecordedEvents.Read).Where(entry => entry.Stream == EventStream.User))
        {
            using var sent = JsonDocument.Parse(json);
            using var written = Parse(Some.Normalized(stream, json));

            var expected = sent.RootElement.EnumerateObject().Select(member => (member.Name, Secretless(member.Value)));
            Assert.Equal(expected, written.RootElement.EnumerateObject().Where(member => member.Name != "siemforwarder").Select(member => (member.Name, Secretless(member.Value))));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheRepresentationIsRedactedAndOnlyThereWhenAskedFor(bool isIncluded)
    {
        const string Json = """
            { "id" : "e1", "operationType":"UPDATE", "resourceType":"CLIENT", "resourcePath":"clients/c1",
              "authDetails" : { "userId" : "a1" }, "representation" : "{\"secret\":\"hush\",\"n\":[1]}", "error" : null }
            """;
        var line = Text(Some.Normalized(EventStream.Admin, Json), isIncluded);

        Assert.Equal(
            """{"id":"e1","operationType":"UPDATE","resourceType":"CLIENT","resourcePath":"clients/c1","authDetails":{"userId":"a1"},"""
            + (isIncluded ? "\"representation\":\"{\\\"secret\\\":\\\"**********\\\",\\\"n\\\":[1]}\"," : "") + "\"error\":null}",
            line);
    }

    [Theory]
    [InlineData("""{"id":"e1","type":"LOGIN","details":{"client_secret":"hush"}}""")]
    [InlineData("""{"id":"e1","type":"LOGIN","details":{"refresh\u005ftoken":"hush"}}""")]
    [InlineData("""{"id":"e1","type":"LOGIN","credentials":[{"type":"password","value":"hush"}]}""")]
    [InlineData("""{"id":"e1","type":"LOGIN","details":{"a":{"password":{"b":["hush"]}}}}""")]
    [InlineData("""{"id":"e1","type":"LOGIN","details":{"key":"-----BEGIN PRIVATE KEY-----hush"}}""")]
    public void ASecretIsMaskedWhereverItStands(string json)
    {
        var line = Text(Some.Normalized(EventStream.User, json));

        Assert.DoesNotContain("hush", line, StringComparison.Ordinal);
        Assert.Contains(SecretRedactor.Mask, line, StringComparison.Ordinal);
        Assert.StartsWith("""{"id":"e1","type":"LOGIN",""", line, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoObjectIsWrittenNatively()
    {
        foreach (var json in new[] { "[1]", "{\"id\":\"e1\"", "nonsense", "" })
        {
            Assert.StartsWith("{\"schema_version\":\"1.0\",", Text(Some.Normalized(EventStream.User, json)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnEventWithoutIdGetsOne()
    {
        var securityEvent = Some.Normalized(EventStream.User, """{"type":"LOGIN"}""");

        Assert.Equal("{\"type\":\"LOGIN\",\"siemforwarder\":{\"event_id\":\"" + securityEvent.Id + "\"}}", Text(securityEvent));
    }

    [Fact]
    public void ATooLongEventIsCutAndSaysSo()
    {
        var json = JsonSerializer.Serialize(new { id = "e1", type = "LOGIN", details = new { username = new string('x', 5000), code_id = "kept" } });
        var line = FormatSettings.Text(FormatSettings.Write("raw", Some.Normalized(EventStream.User, json), 2000));
        using var message = JsonDocument.Parse(line);

        Assert.True(line.Length <= 2000);
        Assert.Equal("kept", message.RootElement.GetProperty("details").GetProperty("code_id").GetString());
        Assert.True(message.RootElement.GetProperty("siemforwarder").GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public void AnyTextComesBack() => Prop.ForAll(HostileText.Any(), text =>
    {
        var json = "{\n \"id\":\"e1\", \"type\" : \"LOGIN\",\r\n\"details\":{\"username\":" + JsonSerializer.Serialize(text) + "} }";
        var line = Text(Some.Normalized(EventStream.User, json));
        using var message = JsonDocument.Parse(line);

        Assert.DoesNotContain(line, HostileText.IsControl);
        Assert.Equal(HostileText.Valid(text), message.RootElement.GetProperty("details").GetProperty("username").GetString());
        Assert.Equal(3, message.RootElement.EnumerateObject().Count());
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(300)));

    private static string Secretless(JsonElement value) => JsonSerializer.Serialize(value);

    private static string Text(SecurityEvent securityEvent, bool includeRepresentation = false) =>
        FormatSettings.Text(FormatSettings.Write(EventFormatCatalog.Create(FormatSettings.For("raw", int.MaxValue) with { IncludeRepresentation = includeRepresentation }), securityEvent));

    private static JsonDocument Parse(SecurityEvent securityEvent) => JsonDocument.Parse(Text(securityEvent));
}
