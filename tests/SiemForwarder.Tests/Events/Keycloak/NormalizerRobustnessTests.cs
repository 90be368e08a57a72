using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>Normalizing never throws, whatever the bytes are.</summary>
public sealed class NormalizerRobustnessTests
{
    private static readonly EventStream[] Streams = [EventStream.User, EventStream.Admin, EventStream.Pushed, EventStream.Forwarder];

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"type\":")]
    [InlineData("{\"type\":\"LOGIN\",\"time\":\"abc\"")]
    [InlineData("{\"type\":5,\"time\":{},\"details\":[1,2],\"clientId\":[[]],\"authDetails\":3,\"representation\":7,\"context\":\"x\"}")]
    [InlineData("{\"type\":null,\"details\":null,\"authDetails\":null,\"representation\":null,\"time\":null}")]
    [InlineData("{\"time\":99999999999999999999,\"type\":\"\"}")]
    [InlineData("{\"time\":-9223372036854775808,\"timestamp\":-9223372036854775808}")]
    [InlineData("{\"time\":1e400,\"timestamp\":1e400,\"severity\":1e400}")]
    [InlineData("{\"details\":{\"a\":\"\\ud800\",\"\\udc00\":\"x\\ud83d\"},\"type\":\"\\ud83d\\ud83d\\ude00\"}")]
    [InlineData("{\"operationType\":\"CREATE\",\"resourceType\":\"REALM_ROLE_MAPPING\",\"representation\":\"[{\\\"name\\\":5},7]\"}")]
    public void OddJsonIsNormalized(string json)
    {
        foreach (var stream in Streams)
        {
            var normalized = Some.Normalized(stream, json);

            Assert.NotEmpty(normalized.Type);
            Assert.NotEmpty(normalized.Id);
        }
    }

    [Fact]
    public void LoneSurrogatesBecomeReplacementCharacters()
    {
        var normalized = Some.Normalized(EventStream.User, """{"type":"LOGIN","details":{"username":"a\ud800b\ud83d\ude00\udc00","x\ud800":"y"}}""");

        Assert.Equal("a\uFFFDb\U0001F600\uFFFD", normalized.Actor?.Name);
        Assert.Equal("x\uFFFD", normalized.Details[1].Key);
    }

    [Fact]
    public void BrokenUtf8BecomesReplacementCharacters()
    {
        byte[] json = [.. "{\"type\":\"LOGIN\",\"clientId\":\"a"u8, 0xFF, 0xC3, .. "b\"}"u8];

        Assert.Equal("a\uFFFD\uFFFDb", Some.Normalized(EventStream.User, json).ClientId);
    }

    [Fact]
    public void WhatCameBeforeABreakIsKept()
    {
        var normalized = Some.Normalized(EventStream.User, """{"id":"e1","type":"LOGIN_ERROR","clientId":"web-app","details":{"username":"al""");

        Assert.Equal(("LOGIN_ERROR", "e1", "web-app", EventOutcome.Unknown), (normalized.Type, normalized.Id, normalized.ClientId, normalized.Outcome));
    }

    [Fact]
    public void OfMembersOfTheSameNameTheLastCounts()
    {
        var normalized = Some.Normalized(EventStream.User, """{"type":"LOGIN","type":"LOGOUT","details":{"a":"1","a":"2"}}""");

        Assert.Equal("LOGOUT", normalized.Type);
        Assert.Equal([new("a", "2")], normalized.Details);
    }

    [Fact]
    public void DeepNestingAndLongPathsAreSurvived()
    {
        var deep = "{\"type\":\"LOGIN\",\"details\":{\"x\":" + new string('[', 5000) + new string(']', 5000) + "}}";
        var path = string.Concat(Enumerable.Repeat("a/", 200_000));
        var admin = "{\"operationType\":\"CREATE\",\"resourceType\":\"GROUP\",\"resourcePath\":\"" + path + "\",\"representation\":\"" + new string('[', 9000) + "\"}";

        Assert.Equal("LOGIN", Some.Normalized(EventStream.User, deep).Type);
        Assert.Equal("CREATE-GROUP", Some.Normalized(EventStream.Admin, admin).Type);
    }

    [Fact]
    public void AByteOrderMarkIsSkipped() =>
        Assert.Equal("LOGIN", Some.Normalized(EventStream.User, "\uFEFF{\"type\":\"LOGIN\"}").Type);

    [Fact]
    public void MutatedEventsNeverThrow()
    {
        var recorded = RecordedEvents.Names.SelectMany(RecordedEvents.Read).ToList();
        var random = new Random(20261121);
        for (var round = 0; round < Thoroughness.Runs(20_000); round++)
        {
            var (stream, original) = recorded[random.Next(recorded.Count)];
            var json = Mutate(original, random);

            var normalized = Some.Normalized(round % 7 == 0 ? Streams[random.Next(Streams.Length)] : stream, json);

            Assert.NotEmpty(normalized.Type);
            Assert.All(normalized.Details, detail => Assert.Equal(detail.Value, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(detail.Value))));
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var json = original.ToList();
        for (var change = random.Next(1, 6); change > 0 && json.Count > 4; change--)
        {
            var at = random.Next(json.Count);
            switch (random.Next(6))
            {
                case 0: json[at] = (byte)random.Next(256); break;
                case 1: json.RemoveRange(at, Math.Min(random.Next(1, 40), json.Count - at)); break;
                case 2: json.Insert(at, (byte)"{}[]\",:\\u0"[random.Next(10)]); break;
                case 3: json.InsertRange(at, json.GetRange(at, Math.Min(random.Next(1, 60), json.Count - at))); break;
                case 4: json.RemoveRange(at, json.Count - at); break;
                default: json.InsertRange(at, "\\ud83d"u8.ToArray()); break;
            }
        }

        return [.. json];
    }
}
