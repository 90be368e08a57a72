using SiemForwarder.WebConsole.Parts;

namespace SiemForwarder.Tests.Service.Pages;

/// <summary>The times in a sentence of the API.</summary>
public sealed class SentencePartsTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 12, 0, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("Accepted at 2026-11-20 12:00:05 UTC: HTTP 200.", "Accepted at |: HTTP 200.")]
    [InlineData("Accepted at 2026-11-20T12:00:05.0000000+00:00.", "Accepted at |.")]
    [InlineData("2026-11-20 12:00:05Z", "|")]
    [InlineData("From 2026-11-20 12:00:05Z to 2026-11-20T12:00:05Z", "From | to |")]
    public void ATimeInUtcIsFoundHoweverItIsWritten(string sentence, string parts)
    {
        var found = SentenceParts.Of(sentence).ToList();

        Assert.Equal(parts, string.Concat(found.Select(one => one.Time is null ? one.Text : "|")));
        Assert.All(found.Where(one => one.Time is not null), one => Assert.Equal(At, one.Time));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Set back on 2026-11-20.")]
    [InlineData("2026-11-20 12:00:05 is nowhere")]
    [InlineData("2026-99-99 12:00:05 UTC")]
    [InlineData("2026-11-20 12:00:05 UTCX")]
    [InlineData("١٢٣٤-11-20 12:00:05 UTC")]
    public void WhatIsNoTimeInUtcStaysText(string sentence) => Assert.Equal([(sentence, null)], SentenceParts.Of(sentence));
}
