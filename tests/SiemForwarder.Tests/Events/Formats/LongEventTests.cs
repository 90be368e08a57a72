using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>An event that is too long is shortened so that it still parses, and says so.</summary>
public sealed class LongEventTests
{
    public static TheoryData<string, int> FormatsAndSizes()
    {
        var data = new TheoryData<string, int>();
        foreach (var format in FormatSettings.Names)
        {
            foreach (var size in Thoroughness.Of([480, 600, 1024, 1472, 2048, 4096, 8192]))
            {
                data.Add(format, size);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(FormatsAndSizes))]
    public void ALongEventFitsParsesAndIsMarked(string format, int maxBytes)
    {
        maxBytes = FormatSettings.AtLeast(format, maxBytes);
        foreach (var text in new[] { new string('x', 20_000), string.Concat(Enumerable.Repeat("😀", 9_000)), string.Concat(Enumerable.Repeat("=|\\]\"\n", 4_000)) })
        {
            var message = FormatSettings.Write(format, FormatPropertyTests.HostileEvent(text, "LOGIN_ERROR"), maxBytes);

            Assert.True(message.Length <= maxBytes, $"{message.Length} of {maxBytes}");
            FormatPropertyTests.AssertParses(format, FormatSettings.Text(message));
            Assert.Contains(FormatSettings.TruncationMark(format), FormatSettings.Text(message), StringComparison.Ordinal);
            Assert.Contains("0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01", FormatSettings.Text(message), StringComparison.Ordinal);
            Assert.DoesNotContain("\uFFFD", FormatSettings.Text(message), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnEventThatFitsIsNotMarked()
    {
        foreach (var format in FormatSettings.Names)
        {
            var whole = FormatSettings.Write(format, Some.LoginEvent());

            Assert.Equal(whole, FormatSettings.Write(format, Some.LoginEvent(), FormatSettings.AtLeast(format, whole.Length)));
            Assert.DoesNotContain("truncated", FormatSettings.Text(whole), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheRepresentationGoesBeforeAnyOtherField()
    {
        var raw = JsonSerializer.Serialize(new
        {
            operationType = "UPDATE", resourceType = "CLIENT", resourcePath = "clients/c1", representation = "{\"x\":\"" + new string('y', 5000) + "\"}",
            details = new { reason = "kept" },
        });
        var settings = FormatSettings.For("json", 2048) with { IncludeRepresentation = true };
        using var message = JsonDocument.Parse(FormatSettings.Write(EventFormatCatalog.Create(settings), Some.Normalized(EventStream.Admin, raw)));

        Assert.False(message.RootElement.TryGetProperty("representation", out _));
        Assert.Equal("kept", message.RootElement.GetProperty("context").GetProperty("reason").GetString());
        Assert.True(message.RootElement.GetProperty("truncated").GetBoolean());
    }
}
