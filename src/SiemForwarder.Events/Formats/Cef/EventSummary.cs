using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Formats.Cef;

/// <summary>Composes the readable sentence for CEF's <c>msg</c>: what happened and why it failed.</summary>
internal static class EventSummary
{
    public const int Length = 1023;

    /// <summary>The sentence, written to <paramref name="scratch"/>, which must hold at least <see cref="Length"/> characters.</summary>
    public static ReadOnlySpan<char> Compose(SecurityEvent securityEvent, Span<char> scratch)
    {
        var length = 0;
        if (securityEvent.IsTest)
        {
            Append("Test, nothing happened: ", scratch, ref length);
        }

        Append(securityEvent.Description.Name, scratch, ref length);
        Append(" ", securityEvent.Admin?.ResourceName, "", scratch, ref length);
        Append(": ", securityEvent.Reason, "", scratch, ref length);
        Append(" (", EventDetails.Find(securityEvent.Details, "reason"), ")", scratch, ref length);
        return scratch[..length];
    }

    private static void Append(ReadOnlySpan<char> before, string? text, ReadOnlySpan<char> after, Span<char> scratch, ref int length)
    {
        if (!string.IsNullOrEmpty(text))
        {
            Append(before, scratch, ref length);
            Append(text, scratch, ref length);
            Append(after, scratch, ref length);
        }
    }

    private static void Append(ReadOnlySpan<char> text, Span<char> scratch, ref int length)
    {
        var fitting = Texts.Cut(text, scratch.Length - length);
        fitting.CopyTo(scratch[length..]);
        length += fitting.Length;
    }
}
